package mllp_test

import (
	"context"
	"fmt"
	"net"

	"github.com/nhskit/nhskit/hl7v2"
	"github.com/nhskit/nhskit/hl7v2/mllp"
)

func Example() {
	var stored int
	server := &mllp.Server{Handler: func(_ context.Context, r *mllp.Request) ([]byte, error) {
		if r.ControlID == "BAD" {
			return nil, &mllp.Rejection{Code: hl7v2.AckReject, Faults: []hl7v2.Fault{{Path: "PID-3", Code: "101", Text: "no NHS number"}}}
		}
		stored++ // acknowledged when the handler returns
		return nil, nil
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go server.Serve(l)
	defer server.Close()

	client := &mllp.Client{Addr: l.Addr().String()}
	defer client.Close()
	for _, id := range []string{"1", "BAD"} {
		message := fmt.Sprintf("MSH|^~\\&|PAS|RXQ|TIE|RXQ|2026||ADT^A08^ADT_A01|%s|P|2.5.1\rPID|1\r", id)
		reply, err := client.Send(context.Background(), []byte(message))
		if err != nil {
			fmt.Println(err)
			return
		}
		m, _ := hl7v2.Parse(reply.Message)
		fmt.Printf("%s %v %q\n", reply.Code, reply.Accepted(), m.Segment("ERR", 1).Field(8).Text())
	}
	fmt.Println("stored:", stored)
	// Output:
	// AA true ""
	// AR false "no NHS number"
	// stored: 1
}
