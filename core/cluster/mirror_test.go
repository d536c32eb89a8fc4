package cluster

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

func mirrorDeed(tr *trial) string {
	switch tr.dice.IntN(8) {
	case 0:
		return "label endpoints db endpointslice.kubernetes.io/skip-mirror=true --overwrite"
	case 1:
		return "label endpoints db endpointslice.kubernetes.io/skip-mirror-"
	case 2:
		return "delete endpointslices -l kubernetes.io/service-name=db"
	case 3:
		return `patch service db -p '{"spec":{"selector":{"app":"db"}}}'`
	case 4:
		return `patch service db --type json -p '[{"op":"remove","path":"/spec/selector"}]'`
	case 5:
		return "label endpoints db tier=" + fmt.Sprint(tr.dice.IntN(3)) + " --overwrite"
	case 6:
		return "delete endpoints db; kubectl create -f mirrored.yaml"
	default:
		return fmt.Sprintf(`patch endpoints db -p '{"subsets":[{"addresses":[{"ip":"192.0.2.%d"}],"ports":[{"port":5432}]},{"notReadyAddresses":[{"ip":"2001:db8::%d"}],"ports":[{"port":80}]}]}'`,
			1+tr.dice.IntN(9), 1+tr.dice.IntN(9))
	}
}

// mirrorCheck: only the one service has copies.
func mirrorCheck(tr *trial) error {
	var err error
	each(tr.c, func(s *discoveryv1.EndpointSlice) {
		if copies(s) && s.Labels[discoveryv1.LabelServiceName] != "db" {
			err = fmt.Errorf("slice %s copies the Endpoints of %s", s.Name, s.Labels[discoveryv1.LabelServiceName])
		}
	})
	return err
}

func copies(s *discoveryv1.EndpointSlice) bool {
	return s.Labels[discoveryv1.LabelManagedBy] == "endpointslicemirroring-controller.k8s.io"
}

// mirrorSettled: the copies say what the Endpoints do, if they are to be copied.
func mirrorSettled(tr *trial) error {
	byHand := false
	each(tr.c, func(s *corev1.Service) { byHand = byHand || s.Name == "db" && s.Spec.Selector == nil })
	want, have := map[string]bool{}, map[string]bool{}
	each(tr.c, func(e *corev1.Endpoints) {
		if e.Name != "db" || !byHand || e.Labels[discoveryv1.LabelSkipMirror] == "true" {
			return
		}
		for _, s := range e.Subsets {
			for _, p := range s.Ports {
				for _, a := range s.Addresses {
					want[fmt.Sprint(a.IP, " ", p.Port, " true ", e.Labels["tier"])] = true
				}
				for _, a := range s.NotReadyAddresses {
					want[fmt.Sprint(a.IP, " ", p.Port, " false ", e.Labels["tier"])] = true
				}
			}
		}
	})
	each(tr.c, func(s *discoveryv1.EndpointSlice) {
		if !copies(s) {
			return
		}
		for _, p := range s.Ports {
			for _, e := range s.Endpoints {
				have[fmt.Sprint(e.Addresses[0], " ", *p.Port, " ", *e.Conditions.Ready, " ", s.Labels["tier"])] = true
			}
		}
	})
	if !maps.Equal(want, have) {
		return fmt.Errorf("Endpoints %v, copied %v", want, have)
	}
	return nil
}
