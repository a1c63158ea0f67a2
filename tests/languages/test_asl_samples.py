"""The published definitions in the samples: read, checked, drawn, and run with stubs to the end that their stubs lead to."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from simulator.languages.asl.definition import checked, graph_of
from simulator.languages.asl.errors import InvalidDefinition
from simulator.languages.asl.local import NoEnd, StubError, run_locally

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "asl"
PAYLOAD = {"Payload": {"appData": {"id": 1}}}
DATA = {"identity": {"email": "a@example.com"}, "address": {"zip": "1"}, "comments": "good"}
CASES: dict[str, tuple[Any, dict[str, Any], str, list[str]]] = {
    # file: input, stubs, status, and states that must be entered, in order
    "acquire-lock.asl.yaml": (
        {"lock_name": "l", "concurrency_limit": 2, "lock_entry": "e"},
        {"Acquire Lock": [{"Throw": {"Error": "DynamoDB.AmazonDynamoDBException"}}, *[{"Throw": {"Error": "DynamoDB.ConditionalCheckFailedException"}}] * 7, {"Return": {}}],
         "Initialize Lock Item": {"Return": {}}, "Get Current Lock Record": {"Return": {"Item": {}}}},
        "SUCCEEDED", ["Acquire Lock", "Initialize Lock Item", "Acquire Lock", "Get Current Lock Record", "Wait to Get Lock", "Acquire Lock"]),
    "agent-early-stopping.asl.json": (
        {"taskToken": "t", "executionName": "e", "query": "q", "workers": [{"workerId": 1, "approach": "a"}, {"workerId": 2, "approach": "b"}]},
        {"*": {"Return": {"Payload": {"threshold_met": True, "result": 1, "confidence_score": 0.9, "agent_id": 1}}}}, "SUCCEEDED", ["Initialize Workers", "Report Success", "Report Success"]),
    "asl-features-inline.asl.json": ({}, {}, "SUCCEEDED", ["Create Pets", "Recreate Pet List Using JSONPath Expression"]),
    "buy-sell-task-token.asl.json": (
        {"appData": {}}, {"*": {"Return": PAYLOAD}, "Route For Approval (Callback)": {"Return": {"appEvent": {"trigger": "approvalComplete", "guard": "sell", "appData": {}}}, "AfterSeconds": 3600}},
        "SUCCEEDED", ["Route For Approval (Callback)", "Buy or Sell?", "Sell Stock", "Report Result"]),
    "coffee-order-manager.asl.json": (
        {"action": "cancel", "eventId": "ABC", "orderId": "7"},
        {"*": {"Return": {"Attributes": {"USERID": {"S": "u"}, "ORDERSTATE": {"S": "CANCELLED"}, "TaskToken": {"S": "t"}}}}},
        "SUCCEEDED", ["Decide Action", "Cancel Order", "Construct record", "Resume Order Processor - Barista"]),
    "distributed-map-copy.asl.json": (
        {}, {"ListObjectsV2": {"Return": {"Contents": [{"Key": str(n)} for n in range(250)], "NextContinuationToken": "n"}}, "ListObjectsV2 with pagination": {"Return": {"Contents": [{"Key": "z"}]}},
             "CopyObject": {"Return": {}}}, "SUCCEEDED", ["ListObjectsV2", "Distributed S3 copy", "Has next page?", "ListObjectsV2 with pagination", "Distributed S3 copy", "Success"]),
    "distributed-map-import.asl.yaml": (
        {"detail": {"bucket": {"name": "b"}, "object": {"key": "k"}}},
        {"Read S3 file": {"Return": {"Items": [{"name": "n", "organization_number": "1"}] * 25}}, "BatchWriteItem": {"Return": {"UnprocessedItems": {}}}}, "SUCCEEDED", ["Read S3 file"]),
    "dynamic-rest-api.asl.json": ({"httpMethod": "POST", "body": {"book_id": "1", "author": "x"}}, {"*": {"Return": {}}}, "SUCCEEDED", ["DynamoDB Put Item Task"]),
    "function-status-jsonata.asl.json": (
        {"NextMarker": "m", "Function_ARN_List_existing": {"lambda_arn_list_combined": []}},
        {"ListFunctions": {"Return": {"Functions": []}}, "Lambda Invoke - Combine data": {"Return": {"Payload": {"NextMarkercheck": "false", "Function_ARN_List_existing": {"lambda_arn_list_combined": [{"ARN": "a"}]}}}},
         "GetFunction": {"Return": {"Configuration": {"FunctionArn": "a", "State": "Active"}}}, "SNS Publish": {"Return": {"MessageId": "1"}}},
        "SUCCEEDED", ["ListFunctions", "Map - Loop Functions", "Check Function Status", "Filter Inactive Functions", "No Inactivce Function", "SNS Publish"]),
    "govuk-journey-engine.asl.json": (
        {"journey": "/journey/a", **dict.fromkeys(("ipvSessionId", "ipAddress", "featureSet", "deviceInformation", "clientOAuthSessionId"), "x")},
        {"ProcessJourneyStep": [{"Return": {"journey": "/journey/check-existing-identity"}}, {"Return": {"page": "end"}}], "CheckExistingIdentityLambda": {"Return": {"journey": "/journey/next"}}},
        "SUCCEEDED", ["ProcessJourneyStep", "CheckExistingIdentityLambda", "ProcessNextJourney", "ProcessJourneyStep", "Success"]),
    "govuk-redshift-processing.asl.json": ({}, {"ListExecutions": {"Return": {"Executions": [1, 2]}}}, "FAILED", ["ListExecutions", "ValidateRunningInstances", "RunningInstanceDetected"]),
    "idempotent-workflow.asl.json": (
        {}, {"*": {"Return": {"idempotencyConfig": {"ttl": "1", "idempotencyKey": "k"}}}}, "SUCCEEDED", ["Create and lock idempotency record", "Your Workflow", "Workflow", "Save execution results", "Success"]),
    "image-processing.asl.json": (
        {}, {"Get Cheque IDs": {"Return": {"Payload": {"cheques": [{"id": 1}, {"id": 2}]}}}, "*": {"Return": {"ok": True}}}, "SUCCEEDED", ["Map State", "Generate Cheque Images", "Generate Cheque Images", "Generate Zip File"]),
    "lead-local-testing.asl.json": (
        {"data": DATA}, {"*": {"Return": {"Payload": {"body": "{\"approved\":true}"}, "Sentiment": "POSITIVE", "SdkHttpMetadata": {"HttpStatusCode": 200}}}},
        "SUCCEEDED", ["Validation", "DetectSentiment", "Is Positive Sentiment?", "Add to FollowUp", "CustomerAddedToFollowup"]),
    "load-orchestrator.asl.json": (
        {"duration": 10}, {"RampupTimer": [{"Return": {"Payload": {"timer": {"continue": True}, "items": []}}}, {"Return": {"Payload": {"timer": {"continue": False, "duration": 1, "targetConcurrency": 2}}}}],
                           "RunRampupLoad": {"Return": {}, "AfterSeconds": 60}, "LoadHoldTimer": {"Return": {"Payload": {"timer": {"continue": False}}}}},
        "SUCCEEDED", ["RunRampupLoad", "RampupTimer", "ConfigureHold", "Load Test Complete"]),
    "moderated-catalog.asl.json": (
        {"bucket": "b", "key": "k"}, {"*": {"Return": {"ModerationLabels": [], "Labels": ["x"], "TextDetections": []}}}, "SUCCEEDED", ["Inappropriate content detected?", "Process image"]),
    "pagination-loop.asl.json": ({}, {"*": {"Return": {"Executions": []}}}, "SUCCEEDED", ["ListExecutions", "more results?", "Success"]),
    "stream-aggregator-child-jsonata.asl.json": (
        {"locationId": "l", "dataType": "d", "limit": 10, "offset": "20", "childTaskToken": "t"},
        {"Get Data": {"Return": {"ResponseBody": {"count": 2, "results": [{"resourceKey": "k", "errors": [{"message": 'a "b"'}], "state": "FAILED"}]}}}, "SendTaskSuccess": {"Return": {}}},
        "SUCCEEDED", ["initiate variables", "Get Data", "Format Row", "output", "SendTaskSuccess"]),
}


def sample(name: str) -> str:
    file = SAMPLES / name
    if not file.exists():
        pytest.skip(f"no sample definition at {file}")
    return file.read_text()


def test_every_sample_is_a_case() -> None:
    if not SAMPLES.exists():
        pytest.skip(f"no sample definitions at {SAMPLES}")
    assert sorted(CASES) == sorted(file.name for file in SAMPLES.glob("*.asl.*"))


@pytest.mark.parametrize("name", CASES)
def test_a_sample_is_valid_and_every_state_is_drawn(name: str) -> None:
    text = sample(name)
    definition, problems = checked(text)
    assert definition is not None
    assert problems == []
    graph = graph_of(definition.value)
    names = [node["name"] for node in graph["nodes"]]
    assert len(names) == text.count('"Type"') + text.count(" Type:")
    assert {edge["to"] for edge in graph["edges"]} | {node["name"] for node in graph["nodes"] if node["start"]} == set(names)


@pytest.mark.parametrize("name", CASES)
def test_a_sample_runs_with_stubs(name: str) -> None:
    given, stubs, status, wanted = CASES[name]
    definition, _ = checked(sample(name))
    assert definition is not None
    execution = run_locally(definition.value, given, stubs)
    assert (execution.status, execution.error) == (status, execution.error if status == "FAILED" else None), execution.cause
    entered = iter([event.details["name"] for event in execution.history if event.type.endswith("StateEntered")])
    missing = [state for state in wanted if not any(state == seen for seen in entered)]
    assert not missing, "entered in this order"
    assert execution.history[-1].details.get("output") == execution.output


@pytest.mark.parametrize("name", CASES)
def test_a_mutilated_sample_is_refused_or_runs_but_never_breaks(name: str) -> None:
    """Whatever is taken away from a definition or put into it: problems with a path, or an execution that ends."""
    definition, _ = checked(sample(name))
    assert definition is not None
    given, stubs, _, _ = CASES[name]
    chance = random.Random(name)
    refused = 0
    for _ in range(150):
        mutilated = json.loads(json.dumps(definition.value))
        for _ in range(chance.randint(1, 2)):
            mutilate(mutilated, chance)
        _, problems = checked(json.dumps(mutilated))
        assert all(problem.path.startswith("$") and problem.message for problem in problems)
        graph_of(mutilated)
        try:
            execution = run_locally(mutilated, given, {"*": {"Return": {}}, **stubs})
        except InvalidDefinition:
            refused += 1
        except (NoEnd, StubError):
            pass
        else:
            assert execution.status in ("SUCCEEDED", "FAILED", "TIMED_OUT")
    assert refused > 30


def mutilate(value: Any, chance: random.Random) -> None:
    """Change one part somewhere in a JSON value."""
    parts = [part for part in walk(value) if part]
    part = chance.choice(parts)
    key: Any = chance.choice(list(part)) if isinstance(part, dict) else chance.randrange(len(part))
    if chance.random() < 0.3:
        del part[key]
    else:
        part[key] = chance.choice([None, 0, -1, 1.5, 1e300, True, "", "x", "$", "$.x", "$[", "$.x[*]", "{% $x %}", "{% ( %}", "States.UUID()", "States.Nothing()", [], {}, [{}], {"a": "$"}, "JSONata", ["States.ALL"]])


def walk(value: Any) -> list[Any]:
    """All objects and lists in a JSON value."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [*([value] if isinstance(value, (dict, list)) else []), *(part for entry in inner for part in walk(entry))]
