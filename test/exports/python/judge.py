"""What others make of what we send. Reads {"ocsf": text, "logs": text, "metrics": text}, each optional, and writes what it found, as JSON.

OCSF events are held against the JSON schemas of every class that they name, in the newest published version that PyPI has; OTLP is decoded by the
classes that protoc made of opentelemetry-proto, and encoded again.
"""
import json
import sys

from google.protobuf import json_format
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

PUBLISHED = "1.8.0"


def ocsf(text):
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=PUBLISHED))
    validators = {}
    problems = []
    classes = {}
    for event in json.loads(text):
        name = schema.lookup_class_name_from_uid(event["class_uid"])
        profiles = tuple(event["metadata"].get("profiles", []))
        if (name, profiles) not in validators:
            validators[name, profiles] = Draft202012Validator(schema.get_class_schema(name, list(profiles)))
        classes[name] = classes.get(name, 0) + 1
        for error in validators[name, profiles].iter_errors(event):
            problems.append(f"{event['metadata'].get('event_code')} ({name}) at {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    return {"classes": classes, "problems": problems}


def logs(text):
    # Unknown fields are an error here.
    request = json_format.Parse(text, ExportLogsServiceRequest())
    records = [record for resource in request.resource_logs for scope in resource.scope_logs for record in scope.log_records]
    service = {attribute.key: attribute.value.string_value for attribute in request.resource_logs[0].resource.attributes}
    again = json_format.Parse(json_format.MessageToJson(request), ExportLogsServiceRequest())
    return {
        "service": service,
        "same": again == request,
        "records": [
            {
                "time": record.time_unix_nano,
                "severity": record.severity_number,
                "event": record.event_name,
                "body": record.body.string_value,
                "uid": next(attribute.value.string_value for attribute in record.attributes if attribute.key == "log.record.uid"),
            }
            for record in records
        ],
    }


def metrics(text):
    request = json_format.Parse(text, ExportMetricsServiceRequest())
    again = json_format.Parse(json_format.MessageToJson(request), ExportMetricsServiceRequest())
    found = [metric for resource in request.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics]
    return {"same": again == request, "metrics": [{"name": metric.name, "unit": metric.unit, "data": metric.WhichOneof("data")} for metric in found]}


JUDGES = {"ocsf": ocsf, "logs": logs, "metrics": metrics}
json.dump({name: JUDGES[name](text) for name, text in json.load(sys.stdin).items()}, sys.stdout)
