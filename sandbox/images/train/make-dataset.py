"""Write rows of tool-calling conversations in the shape that ms-swift trains on.

    make-dataset.py FILE ROWS

One JSON object a line. `tools` is a string that holds a JSON list; `messages` is a list of turns, and the content of a
`tool_call` or `tool_response` turn is itself a JSON string. Every third row calls the tool twice before it answers.
The same arguments always give the same file.
"""

import json
import random
import sys

CITIES = ["北京", "上海", "广州", "成都", "Paris", "Tokyo", "Oslo", "Lima"]

TOOL = {
    "type": "function",
    "function": {
        "name": "realtime_aqi",
        "description": "空气质量。Current air quality of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "城市名 city name"}},
            "required": ["city"],
        },
    },
}


def compact(value):
    """JSON text as it stands in the rows."""
    return json.dumps(value, ensure_ascii=False)


def row(rng, number):
    """One conversation: a question, its tool calls with their answers, and the final sentence."""
    cities = rng.sample(CITIES, 2 if number % 3 == 0 else 1)
    readings = [rng.randint(5, 150) for _ in cities]
    calls = [{"role": "tool_call", "content": compact({"name": "realtime_aqi", "arguments": {"city": c}})} for c in cities]
    answers = [{"role": "tool_response", "content": compact({"city": c, "aqi": str(r)})} for c, r in zip(cities, readings)]
    said = ", ".join(f"{c}: {r}" for c, r in zip(cities, readings))
    return {
        "tools": compact([TOOL]),
        "messages": [
            {"role": "user", "content": f"air quality in {' and '.join(cities)}?"},
            *calls,
            *answers,
            {"role": "assistant", "content": f"The air quality index is {said}."},
        ],
    }


def main(path, rows):
    rng = random.Random(0)
    with open(path, "w", encoding="utf-8") as file:
        for number in range(rows):
            file.write(compact(row(rng, number)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit("usage: make-dataset.py FILE ROWS")
    main(sys.argv[1], int(sys.argv[2]))
