package experiment

import "time"

// vocabulary is what the values of arguments may stand for, by placeholder.
func vocabulary(s Snapshot, parts []part) map[string]string {
	words := map[string]string{}
	for _, p := range parts {
		words["templates."+p.Name+".podTemplateHash"] = p.hash
		words["templates."+p.Name+".replicaset.name"] = p.replicaSet
	}
	if available := s.Experiment.Status.AvailableAt; available != nil {
		words["experiment.availableAt"] = available.UTC().Format(time.RFC3339)
		if s.Spec.Duration != nil {
			words["experiment.finishedAt"] = available.Add(*s.Spec.Duration).UTC().Format(time.RFC3339)
		}
	}
	return words
}
