package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	crilogs "k8s.io/cri-client/pkg/logs"
)

// What a container has said of which no test wrote a log: always the same, so that two readings are.
const silentLog = "2026-01-02T03:04:05.000000001Z stdout F listening\n" +
	"2026-01-02T03:04:06.000000002Z stderr F no configuration found, using defaults\n" +
	"2026-01-02T03:04:07.000000003Z stdout F ready\n"

func (p *pods) containerLogs(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	options := &crilogs.LogOptions{Follow: query.Get("follow") == "true", Timestamp: query.Get("timestamps") == "true"}
	number := func(name string) *int64 {
		value, err := strconv.ParseInt(query.Get(name), 10, 64)
		if err != nil {
			return nil
		}
		return &value
	}
	options.TailLines, options.LimitBytes = number("tailLines"), number("limitBytes")
	if seconds := number("sinceSeconds"); seconds != nil {
		options.Since = time.Now().Add(-time.Duration(*seconds) * time.Second)
	}
	if since, err := time.Parse(time.RFC3339, query.Get("sinceTime")); err == nil {
		options.Since = since
	}
	name := filepath.Join(p.logs, r.PathValue("namespace")+"_"+r.PathValue("pod")+"_"+r.PathValue("container"))
	path := name + ".log"
	if query.Get("previous") == "true" {
		path = name + ".previous.log"
	} else if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		_ = os.WriteFile(path, []byte(silentLog), 0o644)
	}
	if _, err := os.Stat(path); err != nil {
		http.Error(w, "previous terminated container \""+r.PathValue("container")+"\" in pod \""+r.PathValue("pod")+"\" not found", http.StatusBadRequest)
		return
	}
	w.Header().Set("Transfer-Encoding", "chunked")
	w.Header().Set("Content-Type", "text/plain")
	out := &flushed{w, http.NewResponseController(w)}
	_ = crilogs.ReadLogs(r.Context(), path, "", options, alwaysRunning{}, out, out)
}

type flushed struct {
	io.Writer
	controller *http.ResponseController
}

func (f *flushed) Write(bytes []byte) (int, error) {
	n, err := f.Writer.Write(bytes)
	if err == nil {
		err = f.controller.Flush()
	}
	return n, err
}

// What follows a log asks whether its container still runs.
type alwaysRunning struct{ internalapi.RuntimeService }

func (alwaysRunning) ContainerStatus(context.Context, string, bool) (*runtimeapi.ContainerStatusResponse, error) {
	return &runtimeapi.ContainerStatusResponse{Status: &runtimeapi.ContainerStatus{State: runtimeapi.ContainerState_CONTAINER_RUNNING}}, nil
}
