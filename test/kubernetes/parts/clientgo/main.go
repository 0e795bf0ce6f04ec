// Command clientgo uses an API server as programs in Go do: typed and dynamic requests, a watch, an informer, a patch, exec over both carriers of streams and
// a port-forward. It prints what it saw, the same each time.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sort"
	"strconv"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"
)

func main() {
	namespace, pod, port := os.Args[1], os.Args[2], os.Args[3]
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// JSON, and then what Go programs use by themselves: protobuf.
	objects(ctx, config, namespace)
	binary := rest.CopyConfig(config)
	binary.ContentType, binary.AcceptContentTypes = "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf,application/json"
	objects(ctx, binary, namespace)
	untyped(ctx, config, namespace)
	informed(ctx, config, namespace)
	commands(ctx, config, namespace, pod)
	forwarded(config, namespace, pod, port)
}

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func objects(ctx context.Context, config *rest.Config, namespace string) {
	client, err := kubernetes.NewForConfig(config)
	check(err)
	version, err := client.Discovery().ServerVersion()
	check(err)
	maps := client.CoreV1().ConfigMaps(namespace)
	watching, err := maps.Watch(ctx, meta.ListOptions{AllowWatchBookmarks: true})
	check(err)
	made, err := maps.Create(ctx, &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: "made"}, Data: map[string]string{"a": "1"}}, meta.CreateOptions{})
	check(err)
	patched, err := maps.Patch(ctx, made.Name, types.MergePatchType, []byte(`{"data":{"b":"2"}}`), meta.PatchOptions{})
	check(err)
	// Of the version before the patch: somebody was quicker.
	made.Data["c"] = "3"
	_, conflict := maps.Update(ctx, made, meta.UpdateOptions{})
	check(maps.Delete(ctx, patched.Name, meta.DeleteOptions{}))
	_, missing := maps.Get(ctx, made.Name, meta.GetOptions{})
	fmt.Println(version.GitVersion, patched.Data, conflict, missing)
	for seen := 0; seen < 3; {
		event := <-watching.ResultChan()
		if object, is := event.Object.(*core.ConfigMap); is && object.Name == "made" {
			fmt.Println(event.Type, object.Data)
			seen++
		}
	}
	watching.Stop()
}

func untyped(ctx context.Context, config *rest.Config, namespace string) {
	client, err := dynamic.NewForConfig(config)
	check(err)
	list, err := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}).Namespace(namespace).List(ctx, meta.ListOptions{Limit: 1})
	check(err)
	for _, item := range list.Items {
		fmt.Println(item.GetKind(), item.GetName())
	}
}

func informed(ctx context.Context, config *rest.Config, namespace string) {
	client, err := kubernetes.NewForConfig(config)
	check(err)
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	pods := factory.Core().V1().Pods().Informer()
	factory.Start(ctx.Done())
	fmt.Println("synced:", cache.WaitForCacheSync(ctx.Done(), pods.HasSynced))
	names := pods.GetStore().ListKeys()
	sort.Strings(names)
	fmt.Println(names)
}

func commands(ctx context.Context, config *rest.Config, namespace, pod string) {
	client, err := kubernetes.NewForConfig(config)
	check(err)
	request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("exec").VersionedParams(&core.PodExecOptions{
		Command: []string{"sh", "-c", "cat; echo failing >&2; exit 5"}, Stdin: true, Stdout: true, Stderr: true,
	}, scheme.ParameterCodec)
	sockets, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, request.URL().String())
	check(err)
	frames, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, request.URL())
	check(err)
	for _, executor := range []remotecommand.Executor{sockets, frames} {
		var out, errOut bytes.Buffer
		err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: bytes.NewBufferString("from stdin\n"), Stdout: &out, Stderr: &errOut})
		exit, is := err.(utilexec.CodeExitError)
		fmt.Printf("%q %q %v %d\n", out.String(), errOut.String(), is, exit.Code)
	}
}

func forwarded(config *rest.Config, namespace, pod, port string) {
	client, err := kubernetes.NewForConfig(config)
	check(err)
	address := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	check(err)
	frames := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	sockets, err := portforward.NewSPDYOverWebsocketDialer(address, config)
	check(err)
	for _, dialer := range []httpstream.Dialer{frames, sockets} {
		stop, ready := make(chan struct{}), make(chan struct{})
		forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{"0:" + port}, stop, ready, io.Discard, io.Discard)
		check(err)
		ended := make(chan error, 1)
		go func() { ended <- forwarder.ForwardPorts() }()
		select {
		case <-ready:
		case err := <-ended:
			check(err)
		}
		ports, err := forwarder.GetPorts()
		check(err)
		answer, err := http.Get("http://127.0.0.1:" + strconv.Itoa(int(ports[0].Local)))
		check(err)
		body, err := io.ReadAll(answer.Body)
		check(err)
		fmt.Println(answer.StatusCode, string(body))
		close(stop)
	}
}
