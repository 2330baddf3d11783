"""Read the arguments of ms-swift's commands out of an unpacked wheel, without importing it.

    extract-arguments.py VERSION FOLDER > recipes/ms-swift/arguments-VERSION.json

FOLDER is the wheel, unpacked: `pip download --no-deps ms-swift==VERSION`, then unzip. The dataclasses are read as
syntax trees, so neither torch nor a GPU is needed. Classes of transformers are not in the wheel and are left out.
"""

import ast
import json
import os
import sys

# Command -> its class of arguments. ms-swift 3: swift/cli/main.py, swift/cli/_megatron/main.py.
COMMANDS = {
    "megatron sft": "MegatronTrainArguments",
    "megatron pt": "MegatronTrainArguments",
    "megatron rlhf": "MegatronRLHFArguments",
    "swift export": "ExportArguments",
}
FOLDERS = ["swift/llm/argument", "swift/megatron/argument", "swift/trainers"]
# More than 20 choices are names of models and templates: they grow with the version and are not worth a check.
MOST_CHOICES = 20


def classes(folder):
    """Every class of the argument folders: name -> (bases, fields)."""
    found = {}
    for part in FOLDERS:
        for path, _, names in os.walk(os.path.join(folder, part)):
            for name in sorted(n for n in names if n.endswith(".py")):
                with open(os.path.join(path, name), encoding="utf-8") as file:
                    tree = ast.parse(file.read())
                for node in tree.body:
                    if isinstance(node, ast.ClassDef) and is_dataclass(node):
                        bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                        found.setdefault(node.name, (bases, fields(node)))
    return found


def is_dataclass(node):
    """Whether the class has the decorator."""
    return any("dataclass" in ast.unparse(d) for d in node.decorator_list)


def fields(node):
    """Annotated names of a class body: name -> {type, choices}."""
    result = {}
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and not item.target.id.startswith("_"):
            result[item.target.id] = shape(item.annotation)
    return result


def shape(annotation):
    """The type as one of int, float, bool, text, list, json, and the choices of a Literal."""
    text = ast.unparse(annotation)
    choices = [
        constant.value
        for part in ast.walk(annotation)
        if isinstance(part, ast.Subscript) and ast.unparse(part.value) == "Literal"
        for constant in ast.walk(part.slice)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    ]
    if "List[" in text:
        kind = "list"
    elif choices:
        kind = "text"
    elif "dict" in text.lower():
        kind = "json"
    else:
        kind = next((k for k, word in (("bool", "bool"), ("float", "float"), ("int", "int")) if word in text.split("[")[-1]), "text")
    entry = {"type": kind}
    if choices and len(choices) <= MOST_CHOICES and "str]" not in text.replace("Literal", ""):
        entry["choices"] = choices
    return entry


def lineage(name, found):
    """The class and all its bases that the wheel has, nearest first."""
    if name not in found:
        return []
    order = [name]
    for base in found[name][0]:
        order += [b for b in lineage(base, found) if b not in order]
    return order


def main(version, folder):
    found = classes(folder)
    commands = {command: lineage(name, found) for command, name in COMMANDS.items() if name in found}
    needed = sorted({name for names in commands.values() for name in names})
    head = json.dumps({"package": "ms-swift", "version": version})[:-1]
    print(head + ",")
    print(' "commands": ' + json.dumps(commands, indent=1).replace("\n", "\n "), end=",\n")
    print(' "classes": {')
    for index, name in enumerate(needed):
        rows = [f'   {json.dumps(field)}: {json.dumps(entry)}' for field, entry in sorted(found[name][1].items())]
        print(f'  {json.dumps(name)}: {{\n' + ",\n".join(rows) + "\n  }" + ("," if index + 1 < len(needed) else ""))
    print(" }\n}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
