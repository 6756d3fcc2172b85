package nginx

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
)

var _ router.Teller = Renderer{}

// Tell implements router.Teller in the words that dashboards look for.
func (Renderer) Tell(before, after *unstructured.Unstructured, s traffic.Split) plan.Event {
	if before == nil {
		return plan.Event{
			Reason:  v1alpha1.CreatingCanaryIngressReason,
			Message: fmt.Sprintf("Creating canary ingress `%s` with weight `%d`", after.GetName(), s.Canary),
		}
	}
	return plan.Event{
		Reason:  v1alpha1.PatchingCanaryIngressReason,
		Message: fmt.Sprintf("Updating Ingress `%s` to desiredWeight '%d'", before.GetName(), s.Canary),
	}
}
