package snomed_test

import (
	"fmt"
	"log"

	"github.com/nhskit/nhskit/snomed"
	"github.com/nhskit/nhskit/snomed/sctid"
	"github.com/nhskit/nhskit/snomed/snomedtest"
)

// trap returns the concept of a situation that the generator plants.
func trap(name string) sctid.ID {
	traps, err := snomedtest.Traps(snomedtest.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range traps {
		if t.Name == name {
			return t.Concept
		}
	}
	log.Fatal("no trap ", name)
	return 0
}

func ExampleStore_MapTargets() {
	st := exampleStore()
	const icd10 = 999002271000000101
	newborn := snomed.MapContext{AgeAtOnset: snomed.AgeInDays(3), Concepts: []sctid.ID{248152002}}
	rows, err := st.MapTargets(icd10, trap("failing-first-rule"), newborn)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		if r.Group == 7 {
			fmt.Printf("group %d, priority %d: %s\n", r.Group, r.Priority, r.Target)
		}
	}
	// Output: group 7, priority 2: Q99.2
}

func ExampleStore_Refset() {
	st := exampleStore()
	icd10, err := st.Refset(999002271000000101)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range icd10.Columns() {
		fmt.Printf("%s %c, ", c.Name, c.Type)
	}
	disease, _ := st.Ordinal(64572001)
	mapped, _ := icd10.Concepts()
	fmt.Println(mapped.Has(disease))
	// Output: mapGroup i, mapPriority i, mapRule s, mapAdvice s, mapTarget s, correlationId c, mapBlock i, true
}

func ExampleStore_Properties() {
	st := exampleStore()
	o, err := st.Ordinal(trap("two-values"))
	if err != nil {
		log.Fatal(err)
	}
	groups, err := st.Properties(o)
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range groups {
		for _, a := range g.Attributes {
			if a.Concrete && a.Type == 1142135004 && g.Number > 10 {
				fmt.Println("group", g.Number, "has", a.Type, "=", a.Value)
			}
		}
	}
	// Output:
	// group 11 has 1142135004 = #10
	// group 12 has 1142135004 = #20
}

func ExampleStore_LeastCommonAncestors() {
	st := exampleStore()
	diabetes, _ := st.Ordinal(73211009)
	product, _ := st.Ordinal(763158003)
	common, err := st.LeastCommonAncestors(diabetes, product)
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range common {
		fmt.Println(st.ID(o)) // nothing but the root
	}
	// Output: 138875005 <nil>
}
