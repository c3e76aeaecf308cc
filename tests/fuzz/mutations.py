"""Changes of a file that keep its structure, most of the time: of a tree of keys, of a text, of a table, of bytes."""

import copy

import yaml

#: Values that some reader of a number, a name, a time or a path gets wrong.
WEIRD = [
    None, True, False, 0, 1, -1, 2, 7, 1000, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**30, 0.1, 0.30000000000000004,
    -0.0, 1e-300, 1e308, float("inf"), float("nan"), "", " ", "0", "-1", "1e5", "1E+400", "nan", "0x10", "1_000", "1/3",
    "²", "٣", "a" * 5000, "9" * 400, "é\u202e",
     "a\x00b", "../x", "/dev/zero", "/dev/null", "/", ".", "~", "null", "true",
    "2025-13-45", "2025-10-10T00:00:00Z", "1969-12-31T23:59:59Z", "[1]", "{a: 1}", "=1+1", "</script>", "%s{0}",
    [], {}, [1], [[]], {"kind": "none"}, {"kind": "x"}, {"a": {"b": {"c": 1}}}, "full", "index", "market_maker",
]  # fmt: skip


def places(tree, path=()):
    """Every path of a tree, with its value."""
    yield path, tree
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def put(tree, path, value):
    for step in path[:-1]:
        tree = tree[step]
    tree[path[-1]] = value


def changed_tree(rng, tree):
    """A tree with one to three changes at random places."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        found = [item for item in places(tree) if item[0]]
        if not found:
            return tree
        path, value = rng.choice(found)
        parent = tree
        for step in path[:-1]:
            parent = parent[step]
        change = rng.randrange(9)
        if change == 0:
            del parent[path[-1]]
        elif change in (1, 2, 3):
            put(tree, path, copy.deepcopy(rng.choice(WEIRD)))
        elif change == 4:
            put(tree, path, copy.deepcopy(rng.choice(found)[1]))  # a swap with another place
        elif change == 5 and isinstance(value, int | float) and not isinstance(value, bool):
            put(tree, path, value * rng.choice([-1, 0.5, 1.5, 3, 10, 1000, 10**6, 1e-6]))
        elif change == 6 and isinstance(parent, dict):
            parent[rng.choice([f"{path[-1]}s", str(path[-1]).upper(), "kind", "name", "x", 3])] = copy.deepcopy(value)
        elif change == 7 and isinstance(value, list):
            put(tree, path, rng.choice([[], value * 2, value[:1], value[::-1]]))
        elif change == 8 and isinstance(value, str):
            put(tree, path, rng.choice([value[:-1], value + "x", value.upper(), [value], {"kind": value}]))
    return tree


def dumped(tree):
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")


PIECES = ["\x00", "\x07", ": ", "- ", "[", "}", "'", "&a ", "*a", "!!x ", "%", "#", "|"]
TEXT_CHANGES = [
    lambda rng, text: text[: rng.randrange(len(text) + 1)],
    lambda rng, text: "\ufeff" + text,
    lambda rng, text: text.replace("\n", "\r\n"),
    lambda rng, text: text.replace("  ", "\t", rng.randrange(1, 4)),
    lambda rng, text: _at(rng, text, rng.choice(PIECES)),
    lambda rng, text: text + "\n" + rng.choice(text.splitlines() or [""]),
    lambda rng, text: "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n" + text,
    lambda rng, text: "<<: {seed: 2}\n" + text,
    lambda rng, text: text + "\nx: !!python/object/apply:os.system ['true']\n",
    lambda rng, text: text + "\nx: " + "[" * rng.choice([50, 2000]),
    lambda rng, text: text + "\nseed: " + "9" * rng.choice([30, 5000]),
    lambda rng, text: text + "\n---\nseed: 2\n",
    lambda rng, text: rng.choice(["", "\n", "[]", "3", "null", "a", "- a\n- b\n"]),
    lambda rng, text: "\n".join(rng.sample(text.splitlines(), len(text.splitlines()))),
]  # fmt: skip


def _at(rng, text, piece):
    place = rng.randrange(len(text) + 1)
    return text[:place] + piece + text[place:]


def changed_text(rng, data):
    """Bytes of a text with one change, or in another encoding."""
    text = data.decode("utf-8", "replace")
    if rng.random() < 0.15:
        return rng.choice(
            [text.encode("utf-16"), text.encode("utf-32"), b"\x1f\x8b\x08" + data, changed_bytes(rng, data)]
        )
    return rng.choice(TEXT_CHANGES)(rng, text).encode("utf-8", "surrogatepass")


def changed_bytes(rng, data):
    """Bytes cut, emptied, or with a few others in them."""
    data = bytearray(data)
    if rng.random() < 0.3 or not data:
        return bytes(data[: rng.randrange(len(data) + 1)])
    for _ in range(rng.choice([1, 4, 40])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


CELLS = [
    "", " ", "0", "-1", "1", "0.1", "1e3", "1e-9", "1e30", "1E400", "nan", "inf", "-inf", "²", "٣", "1_000", "1,5",
    "0x10", "9" * 50, "9" * 400, "long", "short", "cross", "isolated", "BTCUSDT", "ETHUSDT", "btcusdt", "=1+1", "'",
    '"', "\x00", "FUND:main", "a" * 3000, "é", "+5", "5.", ".5", "00012", "1759968000", "1759968000000", "true",
]  # fmt: skip


def changed_table(rng, text):
    """A CSV text with a few cells, rows or columns changed."""
    rows = [line.split(",") for line in text.splitlines()]
    for _ in range(rng.choice([1, 1, 2, 4])):
        row = rng.randrange(len(rows))
        change = rng.randrange(8)
        if change < 4 and rows[row]:
            rows[row][rng.randrange(len(rows[row]))] = rng.choice(CELLS)
        elif change == 4:
            rows.insert(row, list(rows[rng.randrange(len(rows))]))
        elif change == 5 and len(rows) > 1:
            del rows[row]
        elif change == 6:
            rows[row] = rows[row][: rng.randrange(len(rows[row]) + 1)] + ["x"] * rng.randrange(3)
        elif change == 7:
            rng.shuffle(rows)
    data = "\n".join(",".join(cells) for cells in rows).encode("utf-8", "surrogatepass") + b"\n"
    return changed_text(rng, data) if rng.random() < 0.2 else data
