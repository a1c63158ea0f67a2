"""What a GraphQL query asks of an API: the tree of fields that follows from a schema (SDL), for AppSync to resolve.

Schemas and queries are parsed and validated by graphql-core. AppSync's scalars and directives are known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_ast_schema,
    get_named_type,
    get_nullable_type,
    parse,
    validate,
    validate_schema,
    value_from_ast_untyped,
)
from graphql.validation.validate import validate_sdl

PRELUDE = """
scalar AWSDate scalar AWSTime scalar AWSDateTime scalar AWSTimestamp scalar AWSEmail scalar AWSJSON scalar AWSURL scalar AWSPhone scalar AWSIPAddress
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
directive @aws_auth(cognito_groups: [String!]!) on FIELD_DEFINITION
directive @aws_api_key on FIELD_DEFINITION | OBJECT
directive @aws_iam on FIELD_DEFINITION | OBJECT
directive @aws_oidc on FIELD_DEFINITION | OBJECT
directive @aws_lambda on FIELD_DEFINITION | OBJECT
directive @aws_cognito_user_pools(cognito_groups: [String!]) on FIELD_DEFINITION | OBJECT
"""
LIMITS = ("limit", "first", "last")
"""Arguments by which a query says how many elements of a list it wants."""
LONGEST_CHARACTERS = 200_000
DEEPEST = 200


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field of a query: the type it belongs to, its name, whether it gives a list, how many of it are asked for, and what is asked of each."""

    type_name: str
    name: str
    is_list: bool
    limit: int | None
    children: tuple[FieldPlan, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A valid operation: its top-level fields, and how deep it goes."""

    operation: Literal["query", "mutation", "subscription"]
    fields: tuple[FieldPlan, ...]
    depth: int


class InvalidGraphql(ValueError):
    """A schema or a query that AppSync would not take; ``problems`` are sentences with line and column."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def _told(error: GraphQLError) -> str:
    where = f" (line {error.locations[0].line}, column {error.locations[0].column})" if error.locations else ""
    return error.message.rstrip(".") + where


@lru_cache(maxsize=64)
def schema_of(sdl: str) -> GraphQLSchema:
    """The schema that this SDL describes; raise `InvalidGraphql` if it is none."""
    if len(sdl) > LONGEST_CHARACTERS:
        raise InvalidGraphql([f"it is longer than {LONGEST_CHARACTERS:,} characters"])
    try:
        own = parse(sdl)
    except GraphQLError as error:
        raise InvalidGraphql([_told(error)]) from None
    document = DocumentNode(definitions=(*parse(PRELUDE).definitions, *own.definitions))
    problems = [_told(error) for error in validate_sdl(document)]
    if problems:
        raise InvalidGraphql(problems)
    schema = build_ast_schema(document, assume_valid_sdl=True)
    problems = [_told(error) for error in validate_schema(schema)]
    if problems:
        raise InvalidGraphql(problems)
    return schema


def has_field(sdl: str, type_name: str, field_name: str) -> bool:
    """Whether the schema has this field."""
    found = schema_of(sdl).get_type(type_name)
    return isinstance(found, (GraphQLObjectType, GraphQLInterfaceType)) and field_name in found.fields


def subscriptions_to(sdl: str) -> dict[str, tuple[str, ...]]:
    """For each mutation field, the subscription fields that @aws_subscribe binds to it."""
    bound: dict[str, list[str]] = {}
    subscription = schema_of(sdl).subscription_type
    for name, found in (subscription.fields if subscription is not None else {}).items():
        for directive in found.ast_node.directives or () if found.ast_node is not None else ():
            if directive.name.value == "aws_subscribe":
                for mutation in _argument(directive, "mutations", {}) or ():
                    bound.setdefault(str(mutation), []).append(name)
    return {mutation: tuple(names) for mutation, names in bound.items()}


def plan_of(sdl: str, query: str, variables: Mapping[str, Any] | None = None) -> Plan:
    """The plan of a query; raise `InvalidGraphql` if it does not fit the schema."""
    schema = schema_of(sdl)
    if len(query) > LONGEST_CHARACTERS:
        raise InvalidGraphql([f"it is longer than {LONGEST_CHARACTERS:,} characters"])
    try:
        document = parse(query)
    except GraphQLError as error:
        raise InvalidGraphql([_told(error)]) from None
    problems = [_told(error) for error in validate(schema, document)]
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if not problems and len(operations) != 1:
        problems = [f"a message type stands for one operation, but this has {len(operations)}"]
    if problems:
        raise InvalidGraphql(problems)
    operation = operations[0]
    given = dict(variables or {})
    for defined in operation.variable_definitions or ():
        if defined.default_value is not None:
            given.setdefault(defined.variable.name.value, value_from_ast_untyped(defined.default_value))
    root = schema.get_root_type(operation.operation)
    if root is None:
        raise InvalidGraphql([f"the schema has no {operation.operation.value}"])
    reader = _Reader(schema, {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}, given)
    fields = reader.fields(root, [operation.selection_set], 1)
    return Plan(operation.operation.value, fields, reader.depth)


def _argument(node: DirectiveNode | FieldNode, name: str, variables: Mapping[str, Any]) -> Any:
    for argument in node.arguments or ():
        if argument.name.value == name:
            return value_from_ast_untyped(argument.value, dict(variables))
    return None


class _Reader:
    """Turns selection sets into plans."""

    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode], variables: dict[str, Any]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self.depth = 0

    def fields(self, parent: Any, selections: Sequence[SelectionSetNode], depth: int) -> tuple[FieldPlan, ...]:
        """The fields that are asked of one object of type ``parent``; the same response key is one field."""
        if depth > DEEPEST:
            raise InvalidGraphql([f"it is deeper than {DEEPEST} levels"])
        self.depth = max(self.depth, depth)
        found: dict[str, tuple[Any, list[FieldNode]]] = {}
        for selection in selections:
            for owner, node in self._selected(parent, selection):
                key = node.alias.value if node.alias is not None else node.name.value
                found.setdefault(key, (owner, []))[1].append(node)
        return tuple(self._field(owner, nodes, depth) for owner, nodes in found.values() if not nodes[0].name.value.startswith("__"))

    def _selected(self, parent: Any, selection: SelectionSetNode) -> Iterator[tuple[Any, FieldNode]]:
        for node in selection.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield parent, node
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                yield from self._selected(self._schema.get_type(fragment.type_condition.name.value), fragment.selection_set)
            elif isinstance(node, InlineFragmentNode):
                owner = parent if node.type_condition is None else self._schema.get_type(node.type_condition.name.value)
                yield from self._selected(owner, node.selection_set)

    def _included(self, node: Any) -> bool:
        for directive in node.directives or ():
            wanted = _argument(directive, "if", self._variables)
            if (directive.name.value == "skip" and wanted) or (directive.name.value == "include" and not wanted):
                return False
        return True

    def _field(self, owner: Any, nodes: list[FieldNode], depth: int) -> FieldPlan:
        name = nodes[0].name.value
        kind = owner.fields[name].type
        limits = [value for limit in LIMITS if isinstance(value := _argument(nodes[0], limit, self._variables), int) and value >= 0]
        selections = [node.selection_set for node in nodes if node.selection_set is not None]
        children = self.fields(get_named_type(kind), selections, depth + 1) if selections else ()
        return FieldPlan(owner.name, name, isinstance(get_nullable_type(kind), GraphQLList), min(limits) if limits else None, children)
