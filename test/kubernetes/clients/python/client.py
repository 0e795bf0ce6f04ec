"""Uses an API server as programs in Python do, and prints what it saw, the same each time: objects, a watch, patches, logs, exec with its exit code."""

import sys

from kubernetes import client, config, stream, watch
from kubernetes.client.rest import ApiException

namespace, pod = sys.argv[1:]
config.load_kube_config()
core = client.CoreV1Api()
print(client.VersionApi().get_code().git_version)
core.create_namespaced_config_map(namespace, {"metadata": {"name": "made"}, "data": {"a": "1"}})
core.patch_namespaced_config_map("made", namespace, {"data": {"b": "2"}})
print(core.read_namespaced_config_map("made", namespace).data)
seen = core.list_namespaced_config_map(namespace)
core.delete_namespaced_config_map("made", namespace)
watching = watch.Watch()
for event in watching.stream(core.list_namespaced_config_map, namespace, resource_version=seen.metadata.resource_version, timeout_seconds=10):
    print(event["type"], event["object"].metadata.name)
    if event["type"] == "DELETED":
        watching.stop()
try:
    core.read_namespaced_config_map("made", namespace)
except ApiException as error:
    print(error.status, error.reason)
custom = client.CustomObjectsApi()
print([item["metadata"]["name"] for item in custom.list_namespaced_custom_object("apps", "v1", namespace, "deployments")["items"]])
print(core.read_namespaced_pod_log(pod, namespace, tail_lines=2))
for line in watch.Watch().stream(core.read_namespaced_pod_log, pod, namespace, tail_lines=1):
    print("followed:", line)
    break
running = stream.stream(
    core.connect_get_namespaced_pod_exec,
    pod,
    namespace,
    command=["sh", "-c", "read line; echo got $line; echo failing >&2; exit 6"],
    stdin=True,
    stdout=True,
    stderr=True,
    tty=False,
    _preload_content=False,
)
running.write_stdin("a line\n")
running.run_forever(timeout=20)
print(repr(running.read_stdout()), repr(running.read_stderr()), running.returncode)
