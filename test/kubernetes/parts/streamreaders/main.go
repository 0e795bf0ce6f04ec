// streamreaders reads bytes with the libraries that the API server and kubelets read streams with, and says what it saw.
//
// POST /spdy: the body is one direction of SPDY/3.1, read as spdystream's framer reads it.
// GET /websocket/NAME: upgraded at once; what comes is read as golang.org/x/net/websocket reads messages.
// GET /seen/NAME: what came there, once it has ended.
package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sort"
	"strings"
	"sync"

	"github.com/moby/spdystream/spdy"
	"golang.org/x/net/websocket"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	seen := &messages{of: map[string][]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/spdy", func(answer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		fmt.Fprint(answer, strings.Join(frames(body), "\n"))
	})
	mux.Handle("/websocket/", websocket.Server{
		Handshake: func(*websocket.Config, *http.Request) error { return nil },
		Handler:   seen.receive,
	})
	mux.HandleFunc("/seen/", seen.tell)
	log.Fatal(http.Serve(listener, mux))
}

// frames is what a framer reads, one event a line; the last says why it stopped.
func frames(body []byte) (events []string) {
	defer func() {
		if recovered := recover(); recovered != nil {
			events = append(events, "end panic")
		}
	}()
	framer, err := spdy.NewFramer(io.Discard, bytes.NewReader(body))
	if err != nil {
		return []string{"end " + err.Error()}
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return append(events, "end "+err.Error())
		}
		switch frame := frame.(type) {
		case *spdy.SynStreamFrame:
			flags := frame.CFHeader.Flags
			events = append(events, fmt.Sprintf("opened %d %s %v %v", frame.StreamId, headers(frame.Headers),
				flags&spdy.ControlFlagFin != 0, flags&spdy.ControlFlagUnidirectional != 0))
		case *spdy.DataFrame:
			events = content(events, frame.StreamId, frame.Data)
			events = ended(events, frame.StreamId, frame.Flags&spdy.DataFlagFin != 0)
		case *spdy.SynReplyFrame:
			events = ended(events, frame.StreamId, frame.CFHeader.Flags&spdy.ControlFlagFin != 0)
		case *spdy.HeadersFrame:
			events = ended(events, frame.StreamId, frame.CFHeader.Flags&spdy.ControlFlagFin != 0)
		case *spdy.RstStreamFrame:
			events = append(events, fmt.Sprintf("reset %d", frame.StreamId))
		}
	}
}

// content joins what lies one behind the other: how it was cut says nothing.
func content(events []string, stream spdy.StreamId, data []byte) []string {
	start := fmt.Sprintf("content %d ", stream)
	if len(data) == 0 {
		return events
	}
	if last := len(events) - 1; last >= 0 && strings.HasPrefix(events[last], start) {
		events[last] += hex.EncodeToString(data)
		return events
	}
	return append(events, start+hex.EncodeToString(data))
}

func ended(events []string, stream spdy.StreamId, isEnd bool) []string {
	if !isEnd {
		return events
	}
	return append(events, fmt.Sprintf("ended %d", stream))
}

func headers(read http.Header) string {
	pairs := []string{}
	for name, values := range read {
		pairs = append(pairs, strings.ToLower(name)+"="+hex.EncodeToString([]byte(strings.Join(values, "\x00"))))
	}
	sort.Strings(pairs)
	return strings.Join(pairs, ",")
}

type messages struct {
	lock sync.Mutex
	of   map[string][]string
}

// receive keeps messages as the API server's channels are given them.
func (seen *messages) receive(connection *websocket.Conn) {
	received := []string{}
	for {
		var message []byte
		if err := websocket.Message.Receive(connection, &message); err != nil {
			break
		}
		received = append(received, hex.EncodeToString(message))
	}
	seen.lock.Lock()
	defer seen.lock.Unlock()
	seen.of[strings.TrimPrefix(connection.Request().URL.Path, "/websocket/")] = received
}

func (seen *messages) tell(answer http.ResponseWriter, request *http.Request) {
	seen.lock.Lock()
	defer seen.lock.Unlock()
	received, isThere := seen.of[strings.TrimPrefix(request.URL.Path, "/seen/")]
	if !isThere {
		answer.WriteHeader(http.StatusNotFound)
		return
	}
	fmt.Fprint(answer, strings.Join(received, "\n"))
}
