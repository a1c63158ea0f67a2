"""AppSync: what queries make of resolvers and data sources, counted at the data sources; cache, tokens, time, subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.languages.graphql_plans import InvalidGraphql, plan_of
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, deliveries, drawing, outcome, rate

SDL = """
type Query { posts(limit: Int): [Post!]!  post(id: ID!): Post  slow: String  other: String }
type Mutation { addPost(title: String!): Post  touch: Int }
type Subscription { added: Post @aws_subscribe(mutations: ["addPost"]) }
type Post { id: ID! title: String! author: Author comments: [Comment] when: AWSDateTime }
type Author { name: String! }
type Comment { text: String }
"""
FAST = {"schema_sdl": SDL, "overhead": INSTANT, "handler": INSTANT}


def asking(query: str, load: dict[str, Any] | None = None, keys: int = 1, **variables: Any) -> dict[str, Any]:
    """A source that sends this query."""
    return (load or at_times(1)) | {"message_types": [{"name": "q", "body": {"query": query, "variables": variables}, "key": {"keys": "uniform", "number": keys}}]}


def steady(per_s: float) -> dict[str, Any]:
    return {"load": rate(per_s), "arrivals": "even"}


def graph(source: dict[str, Any], api: dict[str, Any], first: dict[str, Any] | None = None, second: dict[str, Any] | None = None, *, account: Any = None, **run: Any) -> dict[str, Any]:
    """A client, an API, and two data sources 'a' and 'b' (endpoints of 0.1 s and 0.2 s)."""
    nodes = {
        "client": ("traffic", source), "api": ("appsync", FAST | api),
        "a": ("http_endpoint", {"latency": constant(0.1), "workers": None} | (first or {})), "b": ("http_endpoint", {"latency": constant(0.2), "workers": None} | (second or {})),
    }
    wires = {"client.requests -> api.in": {}, "api.data_sources -> a.in": {"name": "a"}, "api.data_sources -> b.in": {"name": "b"}}
    return drawing(nodes, wires, account=account, **run)


def resolved(*given: Any, **run: Any) -> Outcome:
    return outcome(graph(*given, **run))


def resolver(field: str, source: str = "a", **more: Any) -> dict[str, Any]:
    return {"field": field, "data_source": source, **more}


# -- plans --------------------------------------------------------------------------------------------------------------


def test_a_plan_knows_fragments_aliases_variables_and_directives() -> None:
    plan = plan_of(SDL, """query Feed($n: Int = 7, $deep: Boolean!) { first: posts(limit: $n) { ...parts author @include(if: $deep) { name } } other @skip(if: true) }
                           fragment parts on Post { title ... on Post { comments { text } } }""", {"deep": False})
    (posts,) = plan.fields
    assert (posts.type_name, posts.name, posts.is_list, posts.limit) == ("Query", "posts", True, 7)
    assert [child.name for child in posts.children] == ["title", "comments"]
    assert plan.depth == 3


@pytest.mark.parametrize(("query", "told"), [
    ("{ nothing }", "Cannot query field 'nothing'"), ("{ posts { title }", "Syntax Error"), ("{ post { title } }", "is required"), ("{ posts(limit: \"x\") { title } }", "Int"),
    ("query A { slow } query B { slow }", "one operation"),
])  # fmt: skip
def test_a_query_that_does_not_fit_is_refused_with_the_place(query: str, told: str) -> None:
    with pytest.raises(InvalidGraphql, match=told):
        plan_of(SDL, query)
    seen = resolved(asking(query), {}, duration_s=5)
    assert seen.lost("client") == {"invalid_query": 1}
    assert seen.total("api", "4XXError") == 1


# -- time and calls -----------------------------------------------------------------------------------------------------


def test_siblings_run_at_once_and_children_after_their_parent() -> None:
    resolvers = [resolver("Query.slow", "b"), resolver("Query.post", "a"), resolver("Post.author", "b")]
    seen = resolved(asking('{ slow post(id: "1") { title author { name } } }'), {"resolvers": resolvers}, duration_s=5)
    assert seen.metric("api", "Latency")["max"] == pytest.approx(0.1 + 0.2), "the longest chain, not the sum of 0.5 s"
    assert seen.total("api", "DataSourceCalls") == 3
    assert seen.path("client", "api")["latency"]["mean"] == pytest.approx(0.3)


def test_mutations_run_one_after_another() -> None:
    resolvers = [resolver("Mutation.addPost", "a"), resolver("Mutation.touch", "b")]
    seen = resolved(asking('mutation { addPost(title: "t") { id } touch again: touch }'), {"resolvers": resolvers}, duration_s=5)
    assert seen.metric("api", "Latency")["max"] == pytest.approx(0.1 + 0.2 + 0.2)


def test_a_pipeline_runs_its_functions_in_order_and_stops_at_a_failure() -> None:
    pipeline = {"field": "Query.slow", "kind": "PIPELINE", "functions": ["a", "b", "a"]}
    seen = resolved(asking("{ slow }"), {"resolvers": [pipeline]}, duration_s=5)
    assert seen.metric("api", "Latency")["max"] == pytest.approx(0.4)
    failed = resolved(asking("{ slow }"), {"resolvers": [pipeline]}, None, {"failure_probability": 1}, duration_s=5)
    assert (failed.total("a", "Requests"), failed.total("b", "Requests")) == (1, 1)


def test_handlers_and_overhead_are_part_of_the_latency() -> None:
    seen = resolved(asking("{ slow }"), {"overhead": constant(0.02), "handler": constant(0.003), "resolvers": [resolver("Query.slow")]}, duration_s=5)
    assert seen.metric("api", "Latency")["max"] == pytest.approx(0.02 + 2 * 0.003 + 0.1)


def test_a_list_multiplies_the_calls_below_it() -> None:
    """The first failure mode: a list of 100 with a field of its own: 101 calls; and 100 of 10 comments each."""
    resolvers = [resolver("Query.posts", list_size=100), resolver("Post.author", "b")]
    seen = resolved(asking("{ posts { author { name } } }"), {"resolvers": resolvers}, duration_s=5)
    assert seen.total("api", "DataSourceCalls") == 101
    assert seen.total("b", "Requests") == 100
    few = resolved(asking("{ posts(limit: 7) { author { name } } }"), {"resolvers": resolvers}, duration_s=5)
    assert few.total("b", "Requests") == 7
    nested = resolved(asking("{ posts(limit: 7) { comments { text } } }"), {"resolvers": [*resolvers, resolver("Comment.text", "b")], "default_list_size": 3}, duration_s=5)
    assert nested.total("b", "Requests") == 21


@pytest.mark.parametrize(("batch", "calls"), [(0, 100), (1, 100), (5, 20), (30, 4), (2000, 1)])
def test_siblings_are_batched(batch: int, calls: int) -> None:
    resolvers = [resolver("Query.posts", list_size=100), resolver("Post.author", "b", max_batch_size=batch)]
    assert resolved(asking("{ posts { author { name } } }"), {"resolvers": resolvers}, duration_s=5).total("b", "Requests") == calls


def test_an_event_data_source_takes_the_request_and_answers_nothing() -> None:
    seen = drawing(
        {"client": ("traffic", asking("mutation { touch }")), "api": ("appsync", FAST | {"resolvers": [resolver("Mutation.touch", "bus")]}), "bus": ("eventbridge", {})},
        {"client.requests -> api.in": {}, "api.events -> bus.in": {"name": "bus"}}, duration_s=5)
    assert [delivery.type for delivery in deliveries(seen, "bus")] == ["POST Mutation.touch"]


# -- what goes wrong ----------------------------------------------------------------------------------------------------


def test_a_failed_field_is_null_and_the_answer_still_200() -> None:
    resolvers = [resolver("Query.slow", "b"), resolver("Query.posts"), resolver("Post.author", "b")]
    seen = resolved(asking("{ slow posts(limit: 3) { author { name } } }"), {"resolvers": resolvers}, None, {"failure_probability": 1}, duration_s=5)
    assert seen.total("client", "MessagesAccepted") == 1
    assert seen.total("api", "GraphQLError") == 1 + 3
    assert seen.total("api", "5XXError") == seen.total("api", "4XXError") == 0
    assert seen.path("client", "api")["end"] == "answered with errors"


def test_nothing_is_retried_and_children_of_null_are_not_resolved() -> None:
    resolvers = [resolver("Query.posts"), resolver("Post.author", "b")]
    seen = resolved(asking("{ posts { author { name } } }"), {"resolvers": resolvers}, {"failure_probability": 1}, duration_s=5)
    assert (seen.total("a", "Requests"), seen.total("b", "Requests")) == (1, 0)


def test_after_30_seconds_the_request_fails_and_the_data_source_works_on() -> None:
    resolvers = [resolver("Query.post"), resolver("Post.author", "b")]
    seen = resolved(asking('{ post(id: "1") { author { name } } }'), {"resolvers": resolvers}, {"latency": constant(20)}, {"latency": constant(20)}, duration_s=60)
    assert seen.lost("client") == {"execution_timeout": 1}
    assert seen.metric("api", "Latency")["max"] == pytest.approx(30)
    assert seen.total("b", "AnsweredTooLate") == 1


def test_limits_of_depth_and_of_resolvers() -> None:
    resolvers = [resolver("Query.posts", list_size=100), resolver("Post.author", "b")]
    deep = resolved(asking("{ posts { author { name } } }"), {"resolvers": resolvers, "query_depth_limit": 2}, duration_s=5)
    assert deep.lost("client") == {"query_depth": 1}
    many = resolved(asking("{ posts { author { name } } }"), {"resolvers": resolvers, "resolver_count_limit": 50}, duration_s=5)
    assert many.lost("client") == {"resolver_count": 1}
    assert many.total("b", "Requests") == 0


def test_slow_requests_use_more_tokens_so_that_fewer_pass() -> None:
    """1,000 KB for 4 s are 4,000 KB-seconds: 3 tokens. 9 tokens a second carry three requests a second, not nine."""
    values = {"resolvers": [resolver("Query.slow")], "memory_kb": 1000, "response_bytes": 1}
    slow = resolved(asking("{ slow }", steady(9)), values, {"latency": constant(4)}, account={"appsync": {"request_tokens_per_s": 9}}, duration_s=200)
    assert slow.total("api", "TokensConsumed") / slow.total("client", "MessagesAccepted") == pytest.approx(3, rel=0.05)
    assert slow.total("client", "MessagesAccepted") == pytest.approx(3 * 200, rel=0.1)
    assert set(slow.lost("client")) == {"request_tokens"}
    fast = resolved(asking("{ slow }", steady(9)), values, {"latency": constant(0.5)}, account={"appsync": {"request_tokens_per_s": 9}}, duration_s=200)
    assert fast.lost("client") == {}


# -- caches -------------------------------------------------------------------------------------------------------------


def test_what_each_kind_of_cache_keeps() -> None:
    resolvers = [resolver("Query.posts", list_size=10), resolver("Post.author", "b", caching=True, ttl_s=3600)]
    source = asking("{ posts { author { name } } }", steady(1))
    counts = {}
    for behaviour in ("NONE", "PER_RESOLVER_CACHING", "FULL_REQUEST_CACHING", "OPERATION_LEVEL_CACHING"):
        seen = resolved(source, {"resolvers": resolvers, "api_caching_behavior": behaviour, "cache_ttl_s": 3600}, duration_s=100)
        asked = round(seen.total("api", "Requests"))
        counts[behaviour] = (seen.total("a", "Requests"), seen.total("b", "Requests"))
    assert counts == {
        "NONE": (pytest.approx(asked, abs=1), pytest.approx(10 * asked, abs=10)), "PER_RESOLVER_CACHING": (pytest.approx(asked, abs=1), 10),
        "FULL_REQUEST_CACHING": (1, 10), "OPERATION_LEVEL_CACHING": (1, 10)}


def test_callers_have_entries_of_their_own_and_entries_expire() -> None:
    api = {"resolvers": [resolver("Query.slow")], "api_caching_behavior": "OPERATION_LEVEL_CACHING", "cache_ttl_s": 3600}
    assert resolved(asking("{ slow }", steady(5), keys=12), api, duration_s=100).total("a", "Requests") == 12
    assert resolved(asking("{ slow }", steady(5)), api | {"cache_ttl_s": 30}, duration_s=100).total("a", "Requests") == 4


def test_mutations_pass_by_the_cache() -> None:
    api = {"resolvers": [resolver("Mutation.touch")], "api_caching_behavior": "FULL_REQUEST_CACHING"}
    seen = resolved(asking("mutation { touch }", steady(1)), api, duration_s=50)
    assert seen.total("a", "Requests") == seen.total("api", "Requests")


def test_after_a_flush_all_misses_reach_the_data_source() -> None:
    api = {"resolvers": [resolver("Query.slow")], "api_caching_behavior": "OPERATION_LEVEL_CACHING", "cache_ttl_s": 3600}
    scenario = graph(asking("{ slow }", steady(10)), api, {"latency": constant(2)}, duration_s=100)
    flush = {"time_s": 50, "action": "fault", "node": "api", "fault": "cache_flushed", "value": {}}
    assert outcome(scenario).total("a", "Requests") == pytest.approx(20, abs=1)
    assert outcome(scenario, flush).total("a", "Requests") == pytest.approx(40, abs=2)


# -- subscriptions ------------------------------------------------------------------------------------------------------

ADD = 'mutation { addPost(title: "t") { id } }'


def test_a_mutation_reaches_matched_clients_by_5_kb() -> None:
    """15 kB to 10 clients are 30 outbound messages."""
    api = {"resolvers": [resolver("Mutation.addPost")], "response_bytes": 15_000, "subscribers": [{"field": "added", "clients": 40, "matched_share": 0.25}]}
    seen = resolved(asking(ADD, at_times(5)), api, duration_s=10)
    assert seen.total("api", "InboundMessageSuccess") == 1
    assert seen.total("api", "OutboundMessages") == 30
    assert seen.quantity("api", "Real-time messages") == 30
    other = resolved(asking("mutation { touch }", at_times(5)), api, duration_s=10)
    assert other.total("api", "InboundMessageSuccess") == 0, "only mutations that @aws_subscribe names"
    failed = resolved(asking(ADD, at_times(5)), api, {"failure_probability": 1}, duration_s=10)
    assert failed.total("api", "InboundMessageSuccess") == 0


def test_over_the_outbound_rate_messages_are_delayed_then_dropped_and_mutations_succeed() -> None:
    """The fourth failure mode at a thousandth: 5 mutations/s x 50 clients x 30 kB = 1,500/s against 1,000/s."""
    api = {"resolvers": [resolver("Mutation.addPost")], "response_bytes": 30_000, "outbound_rate_per_s": 1000, "longest_delay_s": 5, "subscribers": [{"field": "added", "clients": 50}]}
    seen = resolved(asking(ADD, steady(5)), api, duration_s=100)
    assert seen.total("api", "OutboundMessages") == pytest.approx(1000 * 100, rel=0.08)
    assert seen.total("api", "OutboundMessagesDropped") > 35_000
    assert seen.total("client", "MessagesRefused") == 0


def test_a_reconnect_storm_takes_as_long_as_the_rate_says_and_clients_miss_messages() -> None:
    """The fifth failure mode: 100,000 clients at 2,000 a second are back after 50 s."""
    api = {"resolvers": [resolver("Mutation.addPost")], "subscribers": [{"field": "added", "clients": 100_000}]}
    scenario = graph(asking(ADD, steady(1)), api, duration_s=200, frame_interval_s=5)
    cut = {"time_s": 100, "action": "fault", "node": "api", "fault": "disconnected", "value": {}}
    seen = outcome(scenario, cut)
    connected = seen.series("api", "ActiveConnections")
    assert connected[100] == 100_000
    assert connected[125] == pytest.approx(50_000, rel=0.05)
    assert connected[155] == 100_000
    assert seen.total("api", "MissedByClients") - outcome(scenario).total("api", "MissedByClients") == pytest.approx(50 * 50_000, rel=0.05)
    assert seen.total("api", "ConnectSuccess") == 200_000


# -- who may ask, and findings --------------------------------------------------------------------------------------------


def test_the_lambda_authorizer_is_asked_each_time_unless_its_answer_is_kept() -> None:
    for ttl_s, calls in ((0, 50), (3600, 1)):
        api = FAST | {"authorization": "AWS_LAMBDA", "authorizer_result_ttl_s": ttl_s}
        seen = outcome(drawing(
            {"client": ("traffic", asking("{ slow }", steady(1))), "api": ("appsync", api), "auth": ("lambda", {"duration": constant(0.1), "runtime": "rust", "sandbox_start_s": 0})},
            {"client.requests -> api.in": {}, "api.authorizer -> auth.requests": {}}, duration_s=50))
        assert seen.total("auth", "Invocations") == pytest.approx(calls, abs=1)


@pytest.mark.parametrize(("source", "api", "code"), [
    (asking("{ slow }"), {"schema_sdl": "type Query { a: Nothing }"}, "graphql-schema"), (asking("{ slow }"), {"schema_sdl": "type Query {"}, "graphql-schema"),
    (asking("{ nothing }"), {}, "graphql-query"), (at_times(1), {}, "not-graphql"), (asking("{ slow }"), {"resolvers": [resolver("Query.nothing")]}, "unknown-field"),
    (asking("{ slow }"), {"resolvers": [resolver("Query.slow", "c")]}, "unknown-data-source"), (asking("{ slow }"), {"resolvers": [resolver("Query.slow")] * 2}, "duplicate-resolver"),
    (asking("{ slow }"), {"authorization": "AWS_LAMBDA"}, "no-authorizer"), (asking("{ slow }"), {"subscribers": [{"field": "nothing"}]}, "unknown-field"),
    (asking("{ posts { author { name } } }"), {"resolvers": [resolver("Query.posts", list_size=50), resolver("Post.author", "b")]}, "n-plus-one"),
])  # fmt: skip
def test_findings(source: dict[str, Any], api: dict[str, Any], code: str) -> None:
    def codes(given: dict[str, Any]) -> set[str]:
        return {finding.code for finding in findings.check(Scenario.from_json(given))}

    assert codes(graph(asking("{ slow }"), {})) == set()
    assert code in codes(graph(source, api))
