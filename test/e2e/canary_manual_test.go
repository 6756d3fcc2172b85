package e2e_test

import "testing"

// TestCanaryManual: two Deployments and two Ingresses, the weight set by hand.
func TestCanaryManual(t *testing.T) {
	n := cluster.Namespace(t)
	visitor := n.Visitor("canary.demo")
	defer visitor.Close()

	n.Kubectl("apply", "-f", "examples/canary-manual/prod_deployment.yaml")
	n.Kubectl("wait", "pods", "-l", "app=prod", "--for", "condition=Ready", "--timeout=90s")
	n.Kubectl("apply", "-f", "examples/canary-manual/prod_ingress.yaml")
	wantOnly(t, n, visitor, "blue")

	n.Kubectl("apply", "-f", "examples/canary-manual/canary_deployment.yaml")
	n.Kubectl("wait", "pods", "-l", "app=canary", "--for", "condition=Ready", "--timeout=90s")
	n.Kubectl("apply", "-f", "examples/canary-manual/canary_ingress.yaml")
	wantShare(t, visitor, "green", 20)
	wantOnly(t, n, visitor, "green", "X-Canary", "always")

	n.Kubectl("annotate", "--overwrite", "ingress", "canary-ingress-canary", "nginx.ingress.kubernetes.io/canary-weight=100")
	wantOnly(t, n, visitor, "green")
}
