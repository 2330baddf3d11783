"""Read which dialects of tool calls ms-swift, vLLM and SGLang have, out of unpacked packages, without importing them.

    extract-dialects.py ms-swift:3.7.1=FOLDER vllm:0.10.0=FOLDER sglang:0.5.23=FOLDER … > recipes/dialects/upstream.json

FOLDER is the unpacked wheel or sdist: `pip download --no-deps ms-swift==3.7.1`, then unzip. The sources are read as syntax
trees. A version whose lists are those of the version before it is left out.
"""

import ast
import json
import os
import re
import sys

# What is wanted of a package: name of the list -> the dictionaries whose keys it is, and the registries that its entries call.
WANTED = {
    "ms-swift": {
        "agentTemplates": ({"agent_templates", "agent_template_map"}, None),
        "lossScales": ({"loss_scale_map"}, None),
    },
    "vllm": {
        "toolCallParsers": ({"_TOOL_PARSERS_TO_REGISTER"}, "ToolParserManager"),
        "reasoningParsers": ({"_REASONING_PARSERS_TO_REGISTER"}, "ReasoningParserManager"),
    },
    "sglang": {
        "toolCallParsers": ({"ToolCallParserEnum"}, None),
        "reasoningParsers": ({"DetectorMap"}, None),
    },
}


def trees(folder, words):
    """The files in which one of the words stands."""
    for path, _, names in os.walk(folder):
        for name in sorted(n for n in names if n.endswith(".py")):
            with open(os.path.join(path, name), encoding="utf-8-sig") as file:
                text = file.read()
            if any(word in text for word in words):
                yield ast.parse(text)


def texts(node):
    """The strings of a string, or of a list of strings."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return [text for entry in node.elts for text in texts(entry)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def dictionary_keys(tree, names):
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if isinstance(getattr(node, "value", None), ast.Dict) and any(getattr(t, "id", None) in names for t in targets):
            yield from (text for key in node.value.keys for text in texts(key))


def registered(tree, registry):
    """Names that a class is registered under: @Registry.register_module("name") or ["name", "other"]."""
    for node in ast.walk(tree):
        for call in getattr(node, "decorator_list", []):
            function = getattr(call, "func", None)
            if isinstance(function, ast.Attribute) and getattr(function.value, "id", None) == registry:
                words = list(call.args) + [word.value for word in call.keywords if word.arg == "name"]
                yield from (text for word in words for text in texts(word))


def attribute_of(node, words):
    """`name` of `LLMTemplateType.name`."""
    isit = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id.endswith(words)
    return node.attr if isit else None


def default_dialects(folder):
    """
    Dialect -> the models that have it unless told otherwise: `model_type`, and where its models differ `model_type/folder name`
    in lower case, which is how ms-swift tells them apart.
    """
    classes, templates, models, calls = {}, {}, {}, []
    for tree in trees(folder, ("TemplateMeta", "ModelMeta")):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                own = [f.value for f in node.body if isinstance(f, ast.AnnAssign) and f.target.id == "agent_template"]
                classes[node.name] = (own, [base.id for base in node.bases if isinstance(base, ast.Name)])
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                calls.append(node)

    def inherited(name):
        own, bases = classes.get(name, ([], []))
        if own:
            return own[0].value if isinstance(own[0], ast.Constant) else None
        return next((found for found in map(inherited, bases) if found is not None), None)

    for call in calls:
        template = attribute_of(call.args[0], "TemplateType")
        if call.func.id.endswith("TemplateMeta") and template is not None:
            given = [word.value for word in call.keywords if word.arg == "agent_template"]
            templates[template] = given[0].value if given else inherited(call.func.id)
    for call in calls:
        model = attribute_of(call.args[0], "ModelType")
        if call.func.id == "ModelMeta" and model is not None:
            whole = named_template(call)
            groups = [n for n in ast.walk(call) if isinstance(n, ast.Call) and getattr(n.func, "id", None) == "ModelGroup"]
            models[model] = {
                name: templates.get(named_template(group) or whole) for group in groups for name in model_names(group)
            } or {"": templates.get(whole)}
    result = {}
    for model, names in sorted(models.items()):
        if len(set(names.values())) == 1:
            names = {"": next(iter(names.values()))}
        for name, dialect in sorted(names.items()):
            result.setdefault(dialect, []).append(f"{model}/{name}" if name else model)
    return {dialect: result[dialect] for dialect in sorted(result, key=str) if dialect is not None}


def named_template(call):
    """The template that a ModelMeta or a ModelGroup names itself."""
    values = list(call.args) + [word.value for word in call.keywords]
    return next((found for found in (attribute_of(value, "TemplateType") for value in values) if found), None)


def model_names(group):
    """Last parts of the ids of a group's models."""
    for node in ast.walk(group):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Model":
            yield from {text.split("/")[-1].lower() for word in node.args for text in texts(word)}


def lists_of(package, folder):
    found = {name: set() for name in WANTED[package]}
    for name, (dictionaries, registry) in WANTED[package].items():
        for tree in trees(folder, dictionaries | {registry} - {None}):
            found[name].update(dictionary_keys(tree, dictionaries))
            found[name].update(registered(tree, registry))
    for name, entries in found.items():
        if not entries:
            sys.exit(f"{package} {folder}: no {name} found")
    lists = {name: sorted(entries) for name, entries in found.items()}
    return {**lists, "defaultDialects": default_dialects(folder)} if package == "ms-swift" else lists


def main(arguments):
    result = {}
    for argument in arguments:
        version, folder = argument.split("=", 1)
        package, number = version.split(":")
        versions = result.setdefault(package, {})
        lists = lists_of(package, folder)
        if not versions or list(versions.values())[-1] != lists:
            versions[number] = lists
    # A list a line, so that a change of a version can be read in a diff.
    text = json.dumps(result, indent=1, ensure_ascii=False)
    print(re.sub(r"\[[^\[\]]*\]", lambda found: re.sub(r"\s+", " ", found.group()), text))


main(sys.argv[1:])
