/** A schema of a database. `owner` is the name of a database principal; ownership chains compare it. */
export interface Schema {
  readonly id: number;
  readonly name: string;
  owner: string;
}
