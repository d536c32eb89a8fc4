package api

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// handler is what probes and hooks have in common: exactly one thing to do.
type handler struct {
	exec  *corev1.ExecAction
	http  *corev1.HTTPGetAction
	tcp   *corev1.TCPSocketAction
	grpc  *corev1.GRPCAction
	sleep *corev1.SleepAction
}

func validateHooksAndProbes(c *corev1.Container, grace *int64, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c.Lifecycle != nil {
		errs = append(errs, validateHook(c.Lifecycle.PostStart, grace, p.Child("lifecycle", "postStart"))...)
		errs = append(errs, validateHook(c.Lifecycle.PreStop, grace, p.Child("lifecycle", "preStop"))...)
	}
	errs = append(errs, validateProbe(c.LivenessProbe, grace, p.Child("livenessProbe"))...)
	errs = append(errs, mustSucceedOnce(c.LivenessProbe, p.Child("livenessProbe"))...)
	errs = append(errs, validateProbe(c.ReadinessProbe, grace, p.Child("readinessProbe"))...)
	if r := c.ReadinessProbe; r != nil && r.TerminationGracePeriodSeconds != nil {
		errs = append(errs, field.Invalid(p.Child("readinessProbe", "terminationGracePeriodSeconds"),
			*r.TerminationGracePeriodSeconds, "must not be set for readinessProbes"))
	}
	errs = append(errs, validateProbe(c.StartupProbe, grace, p.Child("startupProbe"))...)
	return append(errs, mustSucceedOnce(c.StartupProbe, p.Child("startupProbe"))...)
}

func validateHook(h *corev1.LifecycleHandler, grace *int64, p *field.Path) field.ErrorList {
	if h == nil {
		return nil
	}
	return validateHandler(handler{exec: h.Exec, http: h.HTTPGet, tcp: h.TCPSocket, sleep: h.Sleep}, grace, p)
}

func validateProbe(probe *corev1.Probe, grace *int64, p *field.Path) field.ErrorList {
	if probe == nil {
		return nil
	}
	errs := validateHandler(handler{exec: probe.Exec, http: probe.HTTPGet, tcp: probe.TCPSocket, grpc: probe.GRPC}, grace, p)
	errs = append(errs, notNegatives(p,
		namedInt{"initialDelaySeconds", int64(probe.InitialDelaySeconds)},
		namedInt{"timeoutSeconds", int64(probe.TimeoutSeconds)},
		namedInt{"periodSeconds", int64(probe.PeriodSeconds)},
		namedInt{"successThreshold", int64(probe.SuccessThreshold)},
		namedInt{"failureThreshold", int64(probe.FailureThreshold)},
	)...)
	if s := probe.TerminationGracePeriodSeconds; s != nil && *s <= 0 {
		errs = append(errs, field.Invalid(p.Child("terminationGracePeriodSeconds"), *s, "must be greater than 0"))
	}
	return errs
}

func mustSucceedOnce(probe *corev1.Probe, p *field.Path) field.ErrorList {
	if probe == nil || probe.SuccessThreshold == 1 {
		return nil
	}
	return field.ErrorList{field.Invalid(p.Child("successThreshold"), probe.SuccessThreshold, "must be 1")}
}

func validateHandler(h handler, grace *int64, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	found := 0
	check := func(set bool, name string, validate func(*field.Path) field.ErrorList) {
		if !set {
			return
		}
		found++
		if found > 1 {
			errs = append(errs, field.Forbidden(p.Child(name), "may not specify more than 1 handler type"))
			return
		}
		errs = append(errs, validate(p.Child(name))...)
	}
	check(h.exec != nil, "exec", func(p *field.Path) field.ErrorList {
		if len(h.exec.Command) == 0 {
			return field.ErrorList{field.Required(p.Child("command"), "")}
		}
		return nil
	})
	check(h.http != nil, "httpGet", func(p *field.Path) field.ErrorList { return validateHTTPGet(h.http, p) })
	check(h.tcp != nil, "tcpSocket", func(p *field.Path) field.ErrorList { return validatePort(h.tcp.Port, p.Child("port")) })
	check(h.grpc != nil, "grpc", func(p *field.Path) field.ErrorList {
		return validatePort(intstr.FromInt32(h.grpc.Port), p.Child("port"))
	})
	check(h.sleep != nil, "sleep", func(p *field.Path) field.ErrorList {
		if grace != nil && (h.sleep.Seconds < 0 || h.sleep.Seconds > *grace) {
			return field.ErrorList{field.Invalid(p, h.sleep.Seconds,
				fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *grace))}
		}
		return nil
	})
	if found == 0 {
		errs = append(errs, field.Required(p, "must specify a handler type"))
	}
	return errs
}

func validateHTTPGet(get *corev1.HTTPGetAction, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if get.Path == "" {
		errs = append(errs, field.Required(p.Child("path"), ""))
	}
	errs = append(errs, validatePort(get.Port, p.Child("port"))...)
	errs = append(errs, supported(get.Scheme, p.Child("scheme"), corev1.URISchemeHTTP, corev1.URISchemeHTTPS)...)
	for _, header := range get.HTTPHeaders {
		errs = append(errs, invalid(p.Child("httpHeaders"), header.Name, utilvalidation.IsHTTPHeaderName(header.Name))...)
	}
	return errs
}

// validatePort checks a port's number or its name.
func validatePort(port intstr.IntOrString, p *field.Path) field.ErrorList {
	if port.Type == intstr.Int {
		return invalid(p, port.IntVal, utilvalidation.IsValidPortNum(port.IntValue()))
	}
	return invalid(p, port.StrVal, utilvalidation.IsValidPortName(port.StrVal))
}
