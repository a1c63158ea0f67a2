"""What a user sets on a GraphQL API, and on the account that APIs share."""

from __future__ import annotations

from typing import Literal

from simulator.mechanics.apis.graphql_execution import API, Resolver
from simulator.mechanics.apis.subscription_fanout import QUOTAS_TOLD, REAL_TIME, Subscribers
from simulator.mechanics.distributions import Constant, Distribution, Lognormal
from simulator.vocabulary import ParameterSet, Source, parameter

GUIDE = "https://docs.aws.amazon.com/appsync/latest/devguide"
EXECUTION = Source("User issues in aws-amplify and aws-appsync-community: a maintainer's reply of 2021", "https://github.com/aws/aws-appsync-community", "2021")
MEMORY = Source("From memory: AWS publishes no figure", f"{GUIDE}/welcome.html", "2026-11", "M")
CACHE = Source("AppSync Developer Guide, Configuring server-side caching (copy of 2025 to 2026)", f"{GUIDE}/enabling-caching.html", "2026-11")
PRICES = Source("AWS AppSync pricing, as a third party quoted it", "https://aws.amazon.com/appsync/pricing/", "2026-10-07", "T")
PRICES_MEMORY = Source("From memory", "https://aws.amazon.com/appsync/pricing/", "2026-11", "M")
OURS = "CloudWatch has no such metric."
CACHE_GIB = {"SMALL": 1.5, "MEDIUM": 3, "LARGE": 12.3, "XLARGE": 25.05, "LARGE_2X": 50.47, "LARGE_4X": 101.38}
KB_SECONDS_A_TOKEN = 1500.0
LARGEST_PAYLOAD_BYTES = 240_000

EXAMPLE_SDL = """type Query {
  posts(limit: Int): [Post!]!
  post(id: ID!): Post
}
type Mutation {
  addPost(title: String!): Post
}
type Subscription {
  added: Post @aws_subscribe(mutations: ["addPost"])
}
type Post {
  id: ID!
  title: String!
  author: Author
}
type Author {
  name: String!
}
"""


class GraphqlParameters(ParameterSet):
    """A GraphQL API."""

    schema_sdl: str = parameter(EXAMPLE_SDL, "The schema in GraphQL's schema definition language.", title="Schema", section="Schema", widget="code", min_length=1, max_length=200_000)
    resolvers: tuple[Resolver, ...] = parameter(
        (), "What resolves which field. Fields without a resolver are read from their parent's answer.", title="Resolvers", section="Schema", max_length=1000)
    default_list_size: int = parameter(10, "Elements of lists that have no resolver of their own.", title="Elements of a list", unit="count", section="Schema", ge=0, le=10_000)
    query_depth_limit: int = parameter(0, "Deeper queries are refused. 0: any depth.", title="Query depth limit", unit="count", section="Limits", aws="queryDepthLimit", ge=0, le=75, source=API)
    resolver_count_limit: int = parameter(0, "Resolvers of one request, at most. 0: 10,000.", title="Resolver limit", unit="count", section="Limits", aws="resolverCountLimit", ge=0, le=10_000, source=API)
    execution_timeout_s: float = parameter(
        30, "A request that takes longer ends with an error; its data sources work on. AWS fixes it at 30 s.", title="Execution time", unit="s", section="Limits", gt=0, le=60, source=EXECUTION, advanced=True)
    authorization: Literal["API_KEY", "AWS_IAM", "AMAZON_COGNITO_USER_POOLS", "OPENID_CONNECT", "AWS_LAMBDA"] = parameter(
        "API_KEY", "Who lets callers in. Only AWS_LAMBDA takes a call.", title="Authorization", section="Access", aws="authenticationType", source=API)
    denied_share: float = parameter(0, "Share of the requests that are not let in.", title="Denied", unit="share", section="Access", ge=0, le=1)
    authorizer_result_ttl_s: float = parameter(
        0, "How long the Lambda authorizer's answer for a caller (the key of a message) is kept. An older guide says 300.", title="Authorizer TTL", unit="s", section="Access",
        aws="authorizerResultTtlInSeconds", ge=0, le=3600, source=API)
    api_caching_behavior: Literal["NONE", "FULL_REQUEST_CACHING", "PER_RESOLVER_CACHING", "OPERATION_LEVEL_CACHING"] = parameter(
        "NONE", "Full request: the answers of all resolvers are kept for each caller. Per resolver: of those that say so. Operation level: whole operations, without running a resolver."
        " Mutations pass by it.", title="Caching", section="Cache", aws="apiCachingBehavior", source=API)
    cache_ttl_s: float = parameter(60, "How long answers are kept (per resolver: as the resolver says).", title="Cache TTL", unit="s", section="Cache", aws="ttl", ge=1, le=3600, source=API)
    cache_type: Literal["SMALL", "MEDIUM", "LARGE", "XLARGE", "LARGE_2X", "LARGE_4X"] = parameter("SMALL", "Its size: 1.5 to 101 GiB.", title="Cache instance", section="Cache", aws="type", source=CACHE)
    response_bytes: int = parameter(4096, "Size of an answer, of what the cache keeps, and of what subscribers get.", title="Answer size", unit="bytes", section="Answers", ge=1, le=5_000_000)
    overhead: Distribution = parameter(
        lambda: Lognormal(p50_s=0.015, p99_s=0.03), "Time for parsing and validating, and all else but resolvers. A guess: AWS publishes no figure.", title="Overhead", unit="s",
        section="Answers", widget="distribution", source=MEMORY, advanced=True)
    handler: Distribution = parameter(
        lambda: Constant(value_s=0.002), "Time of a resolver's request handler, and of its response handler. A guess: AWS publishes no figure.", title="Handler", unit="s", section="Answers",
        widget="distribution", source=MEMORY, advanced=True)
    memory_kb: float = parameter(
        1000, "Memory that a request takes beside its answer: a token is used for each started 1,500 KB-seconds. AWS publishes no figure.", title="Memory of a request (KB)", section="Limits",
        ge=0, le=1_000_000, source=MEMORY, advanced=True)
    subscribers: tuple[Subscribers, ...] = parameter((), "Clients that listen.", title="Subscribers", section="Subscriptions", max_length=50)
    connect_rate_per_s: float = parameter(
        2000, "Connections that can be made in a second; one older note says 200.", title="Connection rate", unit="per_s", section="Subscriptions", gt=0, le=1_000_000, source=QUOTAS_TOLD, advanced=True,
        capacity=True)
    inbound_rate_per_s: float = parameter(
        10_000, "Messages that mutations make for subscriptions in a second; more are delayed, then dropped.", title="Inbound rate", unit="per_s", section="Subscriptions", gt=0, le=10_000_000,
        source=QUOTAS_TOLD, advanced=True, capacity=True)
    outbound_rate_per_s: float = parameter(
        1_000_000, "Messages to clients in a second, by 5 kB; more are delayed, then dropped.", title="Outbound rate", unit="per_s", section="Subscriptions", gt=0, le=100_000_000,
        source=QUOTAS_TOLD, advanced=True, capacity=True)
    longest_delay_s: float = parameter(
        10, "Messages that would be delayed for longer are dropped. AWS publishes no figure.", title="Longest delay", unit="s", section="Subscriptions", gt=0, le=3600, source=MEMORY, advanced=True)


class AccountTokens(ParameterSet):
    """What all GraphQL APIs of the account and Region share."""

    request_tokens_per_s: float = parameter(
        5000, "Request tokens a second: 5,000 or 10,000 by Region (2,000 in 2022).", title="Request tokens", unit="per_s", section="AppSync", gt=0, le=10_000_000, source=REAL_TIME, capacity=True)
