package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Unlike returns how the loads of two runs differ in the phases that both have.
// Under different loads, numbers do not compare the servers. The durations of
// phases are not compared.
func Unlike(a, b *Run) (differences []string) {
	for _, p := range a.Manifest.Phases {
		i := slices.IndexFunc(b.Manifest.Phases, func(q Phase) bool { return q.Name == p.Name })
		if i < 0 {
			continue
		}
		first, second := loadOf(p), loadOf(b.Manifest.Phases[i])
		both := maps.Clone(first)
		maps.Copy(both, second)
		for _, key := range slices.Sorted(maps.Keys(both)) {
			if x, y := first[key], second[key]; string(x) != string(y) {
				differences = append(differences, fmt.Sprintf("phase %s: %s is %s in the first and %s in the second", p.Name, key, orNone(x), orNone(y)))
			}
		}
	}
	return differences
}

// loadOf returns a phase's record by key, without names and durations.
func loadOf(p Phase) map[string]json.RawMessage {
	p.Name, p.Title, p.WarmupS, p.DurationS = "", "", 0, 0
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // cannot happen: a phase holds only numbers and names
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		panic(err)
	}
	return keys
}

func orNone(value json.RawMessage) string {
	if value == nil {
		return "none"
	}
	return string(value)
}
