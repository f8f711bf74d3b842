"""What schemathesis must know beside the document: keys are used once, and which refusals are about the request's form."""

import json
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, **kwargs):
    """A new key for every well-formed key: the tool repeats requests, and a key belongs to one request."""
    phase = getattr(case.meta, "phase", None)
    if str(getattr(getattr(phase, "data", None), "description", "")).startswith("Missing"):
        return
    key = (case.headers or {}).get("Idempotency-Key")
    if key and all(c.isalnum() or c in "._:-" for c in key.strip('"')) and len(key) <= 100:
        # A copy: cases share their headers.
        case.headers = {**case.headers, "Idempotency-Key": str(uuid.uuid4())}


@schemathesis.check
def valid_requests_are_understood(ctx, response, case):
    """A request that follows the document may be refused for the shop's reasons, never for its form."""
    generation = getattr(case.meta, "generation", None)
    if generation is None or getattr(generation.mode, "value", "") != "positive":
        return
    if response.status_code not in (400, 422):
        return
    problem = json.loads(response.content)
    if problem.get("code") not in ("validation", "malformed-request", "idempotency-key-missing", "idempotency-key-malformed"):
        return
    details = [fault.get("detail", "") for fault in problem.get("errors", [])]
    sent = json.dumps(case.body, ensure_ascii=False, default=str) if case.body else ""
    # JSON Schema counts characters, the database UTF-16 units; and it has no word for names or depth that no parser should be given.
    is_astral = any(ord(c) > 0xFFFF for c in sent) and all(d.startswith("expected at most") for d in details)
    is_unsafe = any(d in ("a name that is not allowed", "nested deeper than 16 levels") for d in details)
    if not is_astral and not is_unsafe:
        raise AssertionError(f"a well-formed request was not understood: {problem.get('code')} {details}")
