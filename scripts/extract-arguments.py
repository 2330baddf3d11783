"""Read the arguments of ms-swift's commands out of a published wheel, without importing it.

    extract-arguments.py ms-swift VERSION WHEEL --transformers VERSION > recipes/ms-swift/arguments-VERSION.json
    extract-arguments.py transformers VERSION WHEEL > recipes/ms-swift/transformers-VERSION.json

WHEEL comes from `pip download --no-deps ms-swift==VERSION`; `biome check --write` gives the result its form. The
dataclasses are read as syntax trees, so neither torch nor a GPU is needed. `swift sft` and its like inherit from transformers' TrainingArguments,
which is not in the wheel of ms-swift: such a class is written as `transformers:NAME`, and stands in the second file.
"""

import argparse
import ast
import json
import zipfile

# Command -> its class of arguments, nearest first: ms-swift 4 has classes of its own for pt and sft, ms-swift 3 has not.
COMMANDS = {
    "megatron sft": ["MegatronSftArguments", "MegatronTrainArguments"],
    "megatron pt": ["MegatronPretrainArguments", "MegatronTrainArguments"],
    "megatron rlhf": ["MegatronRLHFArguments"],
    "megatron export": ["MegatronExportArguments"],
    "swift sft": ["SftArguments", "TrainArguments"],
    "swift pt": ["PretrainArguments", "TrainArguments"],
    "swift rlhf": ["RLHFArguments"],
    "swift infer": ["InferArguments"],
    "swift deploy": ["DeployArguments"],
    "swift export": ["ExportArguments"],
}
# Where argument classes lie: ms-swift 3, then ms-swift 4. The trainers' own classes of the same name come last.
FOLDERS = [
    "swift/llm/argument",
    "swift/megatron/argument",
    "swift/arguments",
    "swift/megatron/arguments",
    "swift/ray_utils",
    "swift/trainers",
    "swift/rlhf_trainers",
]
# Where transformers has the enumerations of its arguments: its parser takes their values and nothing else.
ENUMERATIONS = ["transformers/trainer_utils.py", "transformers/debug_utils.py", "transformers/training_args.py"]
# More than 20 choices are names of models and templates: they grow with the version and are not worth a check.
MOST_CHOICES = 20


class Declared:
    """One dataclass: its bases by the names that they have where they are defined, and its fields."""

    def __init__(self, node, imported, enumerated):
        names = [base.id for base in node.bases if isinstance(base, ast.Name)]
        self.bases = [imported.get(name, name) for name in names]
        self.fields = fields(node, enumerated)


def classes(wheel, parts):
    """Every dataclass of the parts: name -> Declared. The first one of a name counts."""
    enumerated = enumerations(wheel)
    found = {}
    for file in (file for part in parts for file in sources(wheel, part)):
        tree = ast.parse(wheel.read(file))
        imported = imports(tree)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and is_dataclass(node):
                found.setdefault(node.name, Declared(node, imported, enumerated))
    return found


def enumerations(wheel):
    """Name of an enumeration of transformers -> its values; empty for the wheel of ms-swift."""
    found = {}
    for file in (file for part in ENUMERATIONS for file in sources(wheel, part)):
        for node in ast.parse(wheel.read(file)).body:
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("Enum") for base in node.bases):
                values = [item.value.value for item in node.body if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant)]
                found[node.name] = [str(value) for value in values]
    return found


def sources(wheel, part):
    """The Python files of a folder, or the one file."""
    return sorted(name for name in wheel.namelist() if name == part or (name.startswith(part + "/") and name.endswith(".py")))


def imports(tree):
    """Name in the file -> name where it is defined; `transformers:NAME` for what comes from there."""
    result = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            outside = (node.module or "").split(".")[0] == "transformers" and node.level == 0
            for alias in node.names:
                result[alias.asname or alias.name] = ("transformers:" if outside else "") + alias.name
    return result


def is_dataclass(node):
    """Whether the class has the decorator."""
    return any("dataclass" in ast.unparse(d) for d in node.decorator_list)


def fields(node, enumerated):
    """Annotated names of a class body that the parser takes: name -> shape."""
    result = {}
    for item in node.body:
        if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
            continue
        options = {}
        if isinstance(item.value, ast.Call) and ast.unparse(item.value.func).endswith("field"):
            options = {word.arg: word.value for word in item.value.keywords}
        if is_false(options.get("init")) or "ClassVar" in ast.unparse(item.annotation):
            continue
        entry = shape(item.annotation, enumerated)
        entry.update(choices_beside(options.get("metadata")))
        default = options.get("default", item.value)
        # transformers' parser adds --no_x, which takes no value, for a boolean that is true by default.
        if entry["type"] == "bool" and isinstance(default, ast.Constant) and default.value is True:
            entry["default"] = True
        result[item.target.id] = entry
    return result


def choices_beside(metadata):
    """The choices that stand in a field's metadata, as a list."""
    if isinstance(metadata, ast.Dict):
        for key, value in zip(metadata.keys, metadata.values):
            if isinstance(key, ast.Constant) and key.value == "choices" and isinstance(value, ast.List):
                return {"choices": [str(choice.value) for choice in value.elts if isinstance(choice, ast.Constant)]}
    return {}


def is_false(node):
    return isinstance(node, ast.Constant) and node.value is False


def shape(annotation, enumerated):
    """The type as one of int, float, bool, text, list (with items), json, and the choices of a Literal or an enumeration."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    # Literal[...] is taken out first: the words in it are no types.
    literals = [part for part in ast.walk(annotation) if isinstance(part, ast.Subscript) and ast.unparse(part.value) == "Literal"]
    inside = {id(part) for literal in literals for part in ast.walk(literal)}
    names = {part.id for part in ast.walk(annotation) if isinstance(part, ast.Name) and id(part) not in inside}
    choices = [
        str(constant.value)
        for literal in literals
        for constant in ast.walk(literal.slice)
        if isinstance(constant, ast.Constant) and constant.value is not None
    ]
    single = kind(names, choices)
    if names & {"List", "list", "Tuple", "tuple", "Sequence"}:
        entry = {"type": "list", "items": single}
    else:
        entry = {"type": single}
    # A union with str takes any word.
    if choices and len(choices) <= MOST_CHOICES and "str" not in names:
        entry["choices"] = choices
    if leaves_out_str(annotation):
        for name in sorted(names & set(enumerated)):
            entry["choices"] = enumerated[name]
    return entry


def leaves_out_str(annotation):
    """Whether the parser takes the other one of two types, of which one is str; of more than two it takes any word."""
    union = isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Union"
    members = annotation.slice.elts if union and isinstance(annotation.slice, ast.Tuple) else []
    return len(members) == 2 and "str" in [ast.unparse(member) for member in members]


def kind(names, choices):
    """The type of one value."""
    if names & {"dict", "Dict"}:
        return "json"
    if choices or "str" in names:
        return "text"
    return next((k for k in ("bool", "float", "int") if k in names), "text")


def lineage(name, found):
    """The class and all its bases, in Python's order: nearest first, and a base that is shared after all that share it."""
    if name not in found:
        return [name] if name.startswith("transformers:") else []
    bases = [base for base in found[name].bases if lineage(base, found)]
    rows = [lineage(base, found) for base in bases] + [bases]
    order = [name]
    while any(rows):
        rows = [row for row in rows if row]
        head = next(row[0] for row in rows if not any(row[0] in other[1:] for other in rows))
        order.append(head)
        rows = [row[1:] if row[0] == head else row for row in rows]
    return order


def table(found, names):
    """The classes as text, one field a line."""
    parts = []
    for name in names:
        rows = [f"   {json.dumps(field)}: {json.dumps(entry)}" for field, entry in sorted(found[name].fields.items())]
        parts.append(f"  {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n  }")
    return ' "classes": {\n' + ",\n".join(parts) + "\n }\n}"


def swift(options):
    found = classes(options.wheel, FOLDERS)
    commands = {}
    for command, names in COMMANDS.items():
        own = next((name for name in names if name in found), None)
        if own and has_command(options.wheel, command):
            commands[command] = lineage(own, found)
    needed = sorted({name for names in commands.values() for name in names if not name.startswith("transformers:")})
    head = {"package": "ms-swift", "version": options.version, "transformers": options.transformers}
    print(json.dumps(head)[:-1] + ",")
    print(' "commands": {')
    print(",\n".join(f"  {json.dumps(command)}: {json.dumps(names)}" for command, names in commands.items()))
    print(" },")
    print(table(found, needed))


def has_command(wheel, command):
    """Whether the version has the command at all: each is a file."""
    tool, verb = command.split()
    return f"swift/cli/{'_megatron/' if tool == 'megatron' else ''}{verb}.py" in wheel.namelist()


def transformers(options):
    found = classes(options.wheel, ["transformers/training_args.py", "transformers/training_args_seq2seq.py"])
    names = lineage("Seq2SeqTrainingArguments", found)
    head = {"package": "transformers", "version": options.version}
    print(json.dumps(head)[:-1] + ",")
    print(table(found, sorted(names)))


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("package", choices=["ms-swift", "transformers"])
    parser.add_argument("version")
    parser.add_argument("wheel", type=zipfile.ZipFile)
    parser.add_argument("--transformers", help="version whose class table belongs to this list")
    options = parser.parse_args()
    (swift if options.package == "ms-swift" else transformers)(options)


if __name__ == "__main__":
    main()
