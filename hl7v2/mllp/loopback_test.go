package mllp

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkLoopback sends messages with acknowledgements over 64 connections
// on the loopback interface and reports messages a second and the 99th
// percentile of one exchange.
func BenchmarkLoopback(b *testing.B) {
	const connections = 64
	server := &Server{Handler: func(context.Context, *Request) ([]byte, error) { return nil, nil }}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Skipf("no loopback here: %v", err)
	}
	go server.Serve(l)
	defer server.Close()
	client := &Client{Addr: l.Addr().String(), MaxIdle: connections}
	defer client.Close()

	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for c := range connections {
		group.Go(func() {
			took := make([]time.Duration, 0, b.N/connections+1)
			for i := c; i < b.N; i += connections {
				m := message(fmt.Sprintf("C%d", i))
				begun := time.Now()
				if _, err := client.Send(context.Background(), m); err != nil {
					b.Error(err)
					return
				}
				took = append(took, time.Since(begun))
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
		})
	}
	group.Wait()
	b.StopTimer()
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	if len(all) > 0 {
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	}
}
