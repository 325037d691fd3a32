package vector_test

import (
	"context"
	"fmt"

	"github.com/nhskit/nhskit/consent/fhirconsent/vector"
)

func ExampleDecide() {
	vectors, err := vector.Read([]byte(`{"id":"v1","as_at":"2026-03-02T09:00:00Z",
		"request":{"action":"view-scr","purpose":"individual-care","rbac":true,"relationship":"self-claimed","permission":"given"},
		"subject":{"acs":"Ask"}}`))
	if err != nil {
		panic(err)
	}
	a, err := vector.Decide(context.Background(), vectors[0], nil)
	fmt.Println(a.Decision, a.Obligations, err)
	for _, r := range a.Reasons {
		fmt.Println(r.Code, r.Rule)
	}
	// Output:
	// permit [alert-privacy-officer] <nil>
	// LR_SELF_CLAIMED scr.view.self-claimed
	// SCR_PTV_GIVEN scr.view.given
}

func ExampleRead() {
	_, err := vector.Read([]byte(`"not a vector"`))
	fmt.Println(err != nil)
	// Output: true
}
