package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// What a container without a command does.
var defaultCommand = []string{"cat"}

// AttachContainer starts what the container is to run when somebody attaches, so that nothing it says is missed; one client at a time. Where the pod is not
// to be started again, the pod's end is reported as a kubelet would.
func (p *pods) AttachContainer(ctx context.Context, name string, _ string, container string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	namespace, podName, _ := strings.Cut(name, "/")
	pod, err := p.client.CoreV1().Pods(namespace).Get(ctx, podName, meta.GetOptions{})
	if err != nil {
		return err
	}
	words, err := commandOf(pod, container)
	if err != nil {
		return err
	}
	key := string(pod.UID) + "/" + container
	if !p.take(key) {
		return fmt.Errorf("somebody is attached to container %q", container)
	}
	defer p.leave(key)
	err = run(ctx, container, words, in, out, errOut, tty, resize)
	if pod.Spec.RestartPolicy == core.RestartPolicyNever {
		p.reportEnd(pod, container, err)
	}
	var code utilexec.CodeExitError
	if errors.As(err, &code) {
		// Whoever is attached learns of the code from the pod's status.
		return nil
	}
	return err
}

func (p *pods) take(key string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.attached[key] {
		return false
	}
	p.attached[key] = true
	return true
}

func (p *pods) leave(key string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.attached, key)
}

func commandOf(pod *core.Pod, name string) ([]string, error) {
	for _, container := range pod.Spec.Containers {
		if container.Name == name {
			return orDefault(container.Command, container.Args), nil
		}
	}
	for _, container := range pod.Spec.EphemeralContainers {
		if container.Name == name {
			return orDefault(container.Command, container.Args), nil
		}
	}
	return nil, fmt.Errorf("container %q is not in pod %q", name, pod.Name)
}

func orDefault(command, args []string) []string {
	words := append(append([]string{}, command...), args...)
	if len(words) == 0 {
		return defaultCommand
	}
	return words
}

func (p *pods) reportEnd(pod *core.Pod, container string, err error) {
	ended := &core.ContainerStateTerminated{Reason: "Completed", FinishedAt: meta.NewTime(time.Now())}
	var code utilexec.CodeExitError
	if errors.As(err, &code) {
		ended.ExitCode, ended.Reason = int32(code.Code), "Error"
	} else if err != nil {
		ended.ExitCode, ended.Reason = 128, "StartError"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	current, getErr := p.client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, meta.GetOptions{})
	if getErr != nil {
		return
	}
	for i := range current.Status.ContainerStatuses {
		if status := &current.Status.ContainerStatuses[i]; status.Name == container {
			status.Ready, status.State = false, core.ContainerState{Terminated: ended}
			current.Status.Phase = core.PodSucceeded
			if ended.ExitCode != 0 {
				current.Status.Phase = core.PodFailed
			}
		}
	}
	if _, updateErr := p.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, current, meta.UpdateOptions{}); updateErr != nil {
		log.Printf("the end of %s/%s is not reported: %v", pod.Namespace, pod.Name, updateErr)
	}
}
