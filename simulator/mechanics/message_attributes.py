"""Message attributes, as SNS and SQS define them and users write them."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from pydantic import field_validator, model_validator

from simulator.vocabulary import ParameterSet, parameter


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_array(text: str) -> bool:
    try:
        elements = json.loads(text)
    except json.JSONDecodeError:
        return False
    return isinstance(elements, list) and not any(isinstance(element, (list, dict)) for element in elements)


class Attribute(ParameterSet):
    """A message attribute, as SNS and SQS define it."""

    Type: Literal["String", "String.Array", "Number", "Binary"] = parameter("String", "Data type of the value.", title="Type", section="Attribute")
    Value: str = parameter("", "The value; for String.Array a JSON array.", title="Value", section="Attribute", max_length=10_000)

    @field_validator("Value", mode="before")
    @classmethod
    def _as_text(cls, given: Any) -> Any:
        return json.dumps(given) if isinstance(given, (int, float, list)) else given

    @model_validator(mode="after")
    def _readable(self) -> Attribute:
        if self.Type == "Number" and not _is_number(self.Value):
            raise ValueError(f"the value of a Number attribute must be a number, not '{self.Value}'")
        if self.Type == "String.Array" and not _is_array(self.Value):
            raise ValueError(f"the value of a String.Array attribute must be a JSON array of strings, numbers, true, false or null, not '{self.Value}'")
        return self
