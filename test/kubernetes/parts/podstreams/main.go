// Command podstreams is to an API server what a kubelet is where a container's streams are concerned: exec, attach, port-forward and logs, with the
// streaming code that the kubelet has. A container is a process of this machine, and a pod's port is that port of 127.0.0.1. It also puts pods without a
// node on the one there is, as a scheduler would. What pods and nodes report of themselves is kwok's.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	listen := flag.String("listen", "", "address:port of 127.0.0.1")
	certificate := flag.String("tls-cert", "", "our certificate, PEM")
	key := flag.String("tls-key", "", "its key, PEM")
	ca := flag.String("client-ca", "", "the CA whose certificates the API server comes with, PEM")
	kubeconfig := flag.String("kubeconfig", "", "of somebody who may bind pods and write their status")
	logs := flag.String("logs", "", "folder of the logs: namespace_pod_container.log, …_container.previous.log, in the form of the CRI")
	node := flag.String("node", "node-1", "the node that pods without one are put on")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	exitOn(err)
	// What waits for a pod waits for these two writes of ours.
	config.QPS, config.Burst = 1000, 1000
	client, err := kubernetes.NewForConfig(config)
	exitOn(err)
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(*ca)
	exitOn(err)
	if !roots.AppendCertsFromPEM(pem) {
		exitOn(fmt.Errorf("%s holds no certificate", *ca))
	}

	pods := &pods{client: client, logs: *logs, attached: map[string]bool{}}
	go bind(ctx, client, *node)
	server := &http.Server{
		Addr:              *listen,
		Handler:           pods.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{
			ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs:  roots,
			NextProtos: []string{"http/1.1"}, // Upgrades need it.
		},
	}
	go func() {
		<-ctx.Done()
		// What runs in containers ends with us.
		_ = server.Close()
		os.Exit(0)
	}()
	log.Printf("listening on %s", *listen)
	exitOn(server.ListenAndServeTLS(*certificate, *key))
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
