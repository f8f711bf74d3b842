interface LockedPackage {
  readonly version?: string;
  readonly optional?: boolean;
}

export function ensureDependencies(root: string, say: (text: string) => void): Promise<void>;
export function isInstalled(root: string): boolean;
export function matches(wanted: Record<string, LockedPackage>, found: Record<string, LockedPackage>): boolean;
