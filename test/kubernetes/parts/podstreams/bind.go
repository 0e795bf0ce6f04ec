package main

import (
	"context"
	"log"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Puts every pod that has no node on this one.
func bind(ctx context.Context, client kubernetes.Interface, node string) {
	unbound := cache.NewFilteredListWatchFromClient(client.CoreV1().RESTClient(), "pods", meta.NamespaceAll, func(options *meta.ListOptions) {
		options.FieldSelector = "spec.nodeName="
	})
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: unbound,
		ObjectType:    &core.Pod{},
		Handler: cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
			pod := object.(*core.Pod)
			if pod.DeletionTimestamp != nil {
				return
			}
			bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			err := client.CoreV1().Pods(pod.Namespace).Bind(bounded, &core.Binding{
				ObjectMeta: meta.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
				Target:     core.ObjectReference{Kind: "Node", Name: node},
			}, meta.CreateOptions{})
			if err != nil && ctx.Err() == nil {
				log.Printf("%s/%s is not bound: %v", pod.Namespace, pod.Name, err)
			}
		}},
	})
	informer.RunWithContext(ctx)
}
