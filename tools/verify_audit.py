"""Check an audit export or a receipt offline: verify_audit.py FILE --key FILE [--checkpoints FILE ...]
Standard library only. Exit status: 0 sound, 1 something is wrong and is named, 2 it could not be checked."""

import argparse
import hashlib
import hmac
import json
import sys
from pathlib import Path

PARTS = [("detail", 1, "reason", "data"), ("actor_digest", 3, "actor"), ("principal_digest", 3, "principal")]
encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class Check:
    def __init__(self, secrets, lines):
        self.keys = {hmac.new(s, b"audit-key-id", hashlib.sha256).hexdigest()[:8]: s for s in secrets}
        self.problems, self.checkpoints, self.notes, self.lost = [], [], [], set()
        for part in (part for line in lines for part in line.split('{"at":')[1:]):  # after a log's header
            try:
                self.add_checkpoint(json.JSONDecoder().raw_decode('{"at":' + part)[0])
            except ValueError:
                self.notes.append(f"checkpoint_torn: half written, so it was not counted: {part[:30]}")

    def problem(self, kind, first, last, text):
        self.problems.append((first, last, f"{kind}: rows {first}-{last}: {text}"))

    def sign(self, key_id, purpose, content):
        return hmac.new(self.keys[key_id], f"{purpose}\n{encode(content)}".encode(), "sha256").hexdigest()

    def is_signed(self, one, purpose="audit-entry-1", name="mac", shift=0):  # or so much higher a number
        purpose, name = ("audit-masked-1", "masked") if name == "mac" and "masked" in one else (purpose, name)
        try:
            row = {k: one[k] for k in one if k != name} | (at := {"sequence": one["sequence"] + shift})
            for what, since, *parts in PARTS if name == "mac" else ():
                if row["version"] >= since and not row.keys().isdisjoint(parts):
                    row[what] = self.sign(row["key"], f"audit-{what}-1", {k: row.pop(k) for k in parts} | at)
            return hmac.compare_digest(self.sign(row["key"], purpose, row), one[name])
        except (KeyError, TypeError, ValueError):
            return False

    def add_checkpoint(self, one):
        self.checkpoints.append(one)
        if not self.is_signed(one, "audit-checkpoint-1", "signature"):
            self.problem("checkpoint_forged", one["sequence"], one["sequence"], "not signed with the key")

    def export(self, header, rows):  # noqa: C901 - one walk along the chain
        start, head = header["after"] or {"sequence": 0, "mac": "0" * 64}, header["head"]
        number, mac, count, cuts, bad = start["sequence"], start["mac"], 0, {(0, "0" * 64)}, []
        macs = dict.fromkeys([one["sequence"] for one in [head, *self.checkpoints]])
        for row in rows:
            if row.get("kind") == "audit-checkpoint":
                self.add_checkpoint(row)
                macs.setdefault(row["sequence"], mac if row["sequence"] == number else None)
                continue
            here, count = row["sequence"], count + 1
            if here <= number:
                self.problem("inserted", here, here, "this number, or a higher one, came before")
                continue
            has_gap, is_linked = here != number + 1, row["previous"] == mac
            if has_gap:
                self.problem("missing", number + 1, here - 1, "removed")
            if not self.is_signed(row):
                bad.append((here, is_linked or has_gap, row if len(bad) < 2000 else None))
            elif not (is_linked or has_gap or (bad and bad[-1][0] == number)):
                self.problem("forked", here, here, "was not written after the row before it")
            elif row["action"] == "audit.cut":
                cuts.add((row["data"]["through"], row["data"]["mac"]))
            elif row["action"] == "audit.reanchored":
                self.lost |= {tuple(point) for point in row["data"]["lost"]}
                self.notes.append(f"given_up: row {here}: {row.get('actor')}: {row['reason']}")
            number, mac, _ = here, row["mac"], macs.update({here: row["mac"]} if here in macs else {})
        self.name_unsigned(bad, number, head)
        if (start["sequence"], start["mac"]) not in cuts:
            self.problem("start_cut", 1, start["sequence"], "gone, and no signed row says they were cut off")
        for one in [head, *(c for c in self.checkpoints if (c["sequence"], c["mac"]) not in self.lost)]:
            there, kind = one["sequence"], "head" if one is head else "rewritten"
            if there > number:
                self.problem("tail_cut", number + 1, there, "the head or a checkpoint saw the chain go on")
            elif there > start["sequence"] and macs[there] != one["mac"]:
                self.problem(kind, there, there, "the head or a checkpoint saw another row here")
        return f"{count} rows through {number}"

    def name_unsigned(self, bad, end, head):
        groups = [["", 0, -1, True, {}]]  # what, first, last, is_linked, the first row
        for number, is_linked, row in bad:
            shifts = sorted(range(-32, 33), key=lambda shift: (shift != groups[-1][0], abs(shift)))
            moved = next((by for by in shifts if row and by and self.is_signed(row, shift=by)), "")
            what = groups[-1][0] if row is None else moved if row.get("key") in self.keys else "key"
            if (groups[-1][0], groups[-1][2]) != (what, number - 1):
                groups.append([what, number, number, True, row or {}])
            groups[-1][2:4] = [number, groups[-1][3] and is_linked]
        shifts = {group[0] for group in groups} - {"", "key"}
        for (what, first, last, linked, row), after in zip(groups[1:], [*groups[2:], [0, 0]], strict=False):
            names = (
                (what == "key", "other_key", "signed with a key that was not given"),
                (what != "", "moved", f"signed under other numbers ({what} higher)"),
                (after[:2] == [first - last - 1, last + 1], "inserted", "later rows had lower numbers"),
                (last < end, "changed", "not what was signed"),
                (head == {"sequence": first - 1, "mac": row.get("previous")}, "inserted", "put in after it"),
                (linked and last > first, "recomputed", "they fit each other, not the key"),
                (True, "changed_or_inserted", "not signed with the key"),
            )
            self.problem(*next((kind, first, last, text) for holds, kind, text in names if holds))
            if what in shifts and min(shifts) > 0:
                self.problem("missing", first, first + what - 1, "removed; later rows got new numbers")

    def receipt(self, one):
        if not self.is_signed(one, "receipt-1", "signature"):
            self.problem("receipt_forged", 0, 0, "the receipt is not signed with the key")
        rows = {row["sequence"]: row for row in one["entries"]}
        for number in [number for number, row in rows.items() if not self.is_signed(row)]:
            self.problem("changed", number, number, "not what was signed")
        for person in one["people"]:
            row, names = rows.get(person["entry"], {}), ("action", "actor", "principal", "at")
            if [row.get(name) for name in names] != [person[name] for name in names]:
                self.problem("person", person["entry"], person["entry"], f"not who {person['action']}")
        done = [row["data"] for row in rows.values() if row["action"].endswith(".done") and "data" in row]
        for piece in one["evidence"] if done else []:
            if hashlib.sha256(encode(piece).encode()).hexdigest() not in done[-1].get("evidence", []):
                self.problem("evidence", 0, 0, f"read at {piece['read_at']}: not what was recorded")
        self.add_checkpoint(one["checkpoint"])
        for n in [c["sequence"] for c in self.checkpoints if rows.get(c["sequence"], c)["mac"] != c["mac"]]:
            self.problem("rewritten", n, n, "a checkpoint saw another row here")
        return f"receipt of {one['case']}, {len(rows)} rows"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--key", action="append", required=True)
    parser.add_argument("--checkpoints", action="append", default=[])
    options = parser.parse_args()
    lines = "\n".join(Path(name).read_text("utf-8", "replace") for name in options.checkpoints).splitlines()
    check = Check([Path(name).read_bytes().rstrip(b"\r\n") for name in options.key], lines)
    if options.checkpoints and not check.checkpoints:
        raise ValueError("the files given hold no checkpoint")
    with open(options.file, encoding="utf-8") as file:
        top = json.loads(file.readline())
        summary = check.receipt(top) if top["kind"] == "receipt" else check.export(top, map(json.loads, file))
    verdict = f"{'WRONG' if check.problems else 'SOUND'}: {summary}, {len(check.checkpoints)} checkpoints"
    print("\n".join([*(text for _, _, text in sorted(check.problems)), *check.notes, verdict]))
    return 1 if check.problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(print(f"could not be checked: {error!r}", file=sys.stderr) or 2)
