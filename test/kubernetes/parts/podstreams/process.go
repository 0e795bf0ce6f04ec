package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// The container in which nothing is found, as in an image of one binary.
const bareContainer = "bare"

// How long a process with a terminal waits to learn how large that is.
const sizePatience = 200 * time.Millisecond

// ExecInContainer runs a command of this machine.
func (p *pods) ExecInContainer(ctx context.Context, _ string, _ string, container string, words []string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	return run(ctx, container, words, in, out, errOut, tty, resize)
}

func run(ctx context.Context, container string, words []string, in io.Reader, out, errOut io.Writer, tty bool, resize <-chan remotecommand.TerminalSize) error {
	if len(words) == 0 {
		return errors.New("no command")
	}
	if container == bareContainer {
		// What runs containers needs a moment to find out, in which a client has sent its input.
		time.Sleep(100 * time.Millisecond)
		return fmt.Errorf("exec: %q: executable file not found in $PATH", words[0])
	}
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Dir = os.TempDir()
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "TERM=xterm", "LANG=C.UTF-8", "TZ=UTC", "CONTAINER=" + container}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if command.Err != nil {
		return command.Err
	}
	if tty {
		return exited(withTerminal(command, in, out, resize))
	}
	return exited(withPipes(command, in, out, errOut))
}

func withPipes(command *exec.Cmd, in io.Reader, out, errOut io.Writer) error {
	if in != nil {
		pipe, err := command.StdinPipe()
		if err != nil {
			return err
		}
		// Not waited for: a process may end before its input does.
		go func() {
			_, _ = io.Copy(pipe, in)
			_ = pipe.Close()
		}()
	}
	// A nil inside an interface is none.
	if out != nil {
		command.Stdout = out
	}
	if errOut != nil {
		command.Stderr = errOut
	}
	return command.Run()
}

func withTerminal(command *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	var first *pty.Winsize
	select {
	case size, ok := <-resize:
		if ok {
			first = &pty.Winsize{Rows: size.Height, Cols: size.Width}
		}
	case <-time.After(sizePatience):
	}
	terminal, err := pty.StartWithSize(command, first)
	if err != nil {
		return err
	}
	defer terminal.Close()
	go func() {
		for size := range resize {
			_ = pty.Setsize(terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
		}
	}()
	if in != nil {
		go func() { _, _ = io.Copy(terminal, in) }()
	}
	if out == nil {
		out = io.Discard
	}
	// Until the last who has the terminal is gone, which Linux reports as an error of input and output.
	_, _ = io.Copy(out, terminal)
	return command.Wait()
}

// The exit code in the form in which the streaming code looks for it.
func exited(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	code := exit.ExitCode()
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return utilexec.CodeExitError{Err: err, Code: code}
}
