package managed

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Written out, the fields of one Pod take more room than the rest of it, and
// every revision would carry them. So the store and the world hold sets packed:
// a JSON string in which the usual steps are two letters,
//
//	{"f:metadata":{"f:labels":{".":{},"f:x":{}}}}  is  "AA[AB('f:x'.))"
//
// and API answers are made with Expand. A step is two letters from words, or
// itself in quotes; then a dot where it is in the set, ( … ) where there is
// something below it, too, and [ … ) where only that is in the set. The words
// are only ever added to at the end: stored objects are packed with them.

const packed = '"'

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

var words = strings.Fields(`f:metadata f:labels f:annotations f:ownerReferences f:finalizers f:generateName f:spec f:status f:type
f:lastTransitionTime f:lastUpdateTime f:lastProbeTime f:lastHeartbeatTime f:observedGeneration f:reason f:message f:conditions
k:{"type":"Ready"} k:{"type":"Initialized"} k:{"type":"ContainersReady"} k:{"type":"PodScheduled"} k:{"type":"PodReadyToStartContainers"}
k:{"type":"Available"} k:{"type":"Progressing"} k:{"type":"MemoryPressure"} k:{"type":"DiskPressure"} k:{"type":"PIDPressure"}
k:{"type":"Complete"} k:{"type":"SuccessCriteriaMet"} k:{"type":"Failed"} k:{"type":"ReplicaFailure"} k:{"type":"DisruptionTarget"}
f:app f:pod-template-hash f:controller-revision-hash f:pod-template-generation f:name f:namespace f:kind f:uid f:apiVersion
f:resourceVersion f:fieldPath f:containers f:initContainers f:ephemeralContainers f:image f:imagePullPolicy f:imagePullSecrets
f:command f:args f:env f:envFrom f:value f:valueFrom f:ports f:containerPort f:hostPort f:protocol f:port f:targetPort f:nodePort
f:resources f:requests f:limits f:cpu f:memory f:storage f:volumeMounts f:mountPath f:readOnly f:subPath f:volumes f:configMap f:secret
f:emptyDir f:persistentVolumeClaim f:claimName f:projected f:defaultMode f:items f:key f:path f:livenessProbe f:readinessProbe
f:startupProbe f:httpGet f:exec f:tcpSocket f:failureThreshold f:initialDelaySeconds f:periodSeconds f:successThreshold f:timeoutSeconds
f:scheme f:lifecycle f:securityContext f:terminationMessagePath f:terminationMessagePolicy f:restartPolicy f:schedulerName
f:terminationGracePeriodSeconds f:dnsPolicy f:enableServiceLinks f:nodeName f:nodeSelector f:affinity f:tolerations f:serviceAccount
f:serviceAccountName f:automountServiceAccountToken f:priorityClassName f:topologySpreadConstraints f:hostNetwork f:hostname f:subdomain
f:phase f:hostIP f:hostIPs f:podIP f:podIPs f:ip f:startTime f:containerStatuses f:initContainerStatuses f:qosClass f:template f:selector
f:replicas f:readyReplicas f:availableReplicas f:updatedReplicas f:unavailableReplicas f:fullyLabeledReplicas f:terminatingReplicas
f:currentReplicas f:currentRevision f:updateRevision f:collisionCount f:strategy f:updateStrategy f:rollingUpdate f:maxSurge
f:maxUnavailable f:partition f:revisionHistoryLimit f:progressDeadlineSeconds f:minReadySeconds f:paused f:podManagementPolicy
f:serviceName f:volumeClaimTemplates f:currentNumberScheduled f:desiredNumberScheduled f:numberMisscheduled f:numberReady
f:numberAvailable f:numberUnavailable f:updatedNumberScheduled f:deployment.kubernetes.io/revision
f:deployment.kubernetes.io/desired-replicas f:deployment.kubernetes.io/max-replicas f:deployment.kubernetes.io/revision-history
f:kubectl.kubernetes.io/last-applied-configuration f:kubectl.kubernetes.io/restartedAt f:kubernetes.io/metadata.name
f:kubernetes.io/change-cause f:involvedObject f:source f:component f:host f:count f:firstTimestamp f:lastTimestamp
f:reportingComponent f:reportingInstance f:reportingController f:eventTime f:action f:note f:regarding f:related f:series f:data
f:binaryData f:immutable f:stringData f:clusterIP f:clusterIPs f:internalTrafficPolicy f:externalTrafficPolicy f:sessionAffinity
f:ipFamilies f:ipFamilyPolicy f:loadBalancer f:endpoints f:addressType f:addresses f:targetRef f:backoffLimit f:completions
f:completionMode f:parallelism f:suspend f:schedule f:jobTemplate f:concurrencyPolicy f:failedJobsHistoryLimit
f:successfulJobsHistoryLimit f:lastScheduleTime f:lastSuccessfulTime f:active f:ready f:succeeded f:failed f:completionTime
f:uncountedTerminatedPods f:podReplacementPolicy f:ttlSecondsAfterFinished f:manualSelector f:batch.kubernetes.io/job-name
f:batch.kubernetes.io/controller-uid f:job-name f:controller-uid f:accessModes f:storageClassName f:volumeMode f:volumeName f:capacity
f:allocatable f:nodeInfo f:images f:daemonEndpoints f:taints f:unschedulable f:podCIDR f:podCIDRs f:providerID f:holderIdentity
f:leaseDurationSeconds f:renewTime f:acquireTime f:leaseTransitions f:kubernetes.io/hostname f:kubernetes.io/os f:kubernetes.io/arch
f:beta.kubernetes.io/os f:beta.kubernetes.io/arch f:node.alpha.kubernetes.io/ttl f:volumesInUse f:rules f:subjects f:roleRef
f:scaleTargetRef f:minReplicas f:maxReplicas f:metrics f:hard f:used f:pods k:{"name":"nginx"}`)

// codes are the places of words.
var codes = func() map[string]int {
	m := make(map[string]int, len(words))
	for i, w := range words {
		m[w] = i
	}
	return m
}()

// Pack writes the set as the store holds it.
func (s Set) Pack() []byte {
	out := s.pack(append(make([]byte, 0, 128), packed))
	return append(out, packed)
}

func (s Set) pack(out []byte) []byte {
	for i := range s {
		e := &s[i]
		if code, known := codes[e.Name]; known {
			out = append(out, letters[code>>6], letters[code&63])
		} else {
			out = packName(out, e.Name)
		}
		if len(e.Sub) == 0 {
			out = append(out, '.')
			continue
		}
		if e.Member {
			out = append(out, '(')
		} else {
			out = append(out, '[')
		}
		out = append(e.Sub.pack(out), ')')
	}
	return out
}

// packName writes a step that is not among the words so that no character of it
// has a meaning in JSON or in what is around it.
func packName(out []byte, name string) []byte {
	out = append(out, '\'')
	for i := range len(name) {
		switch c := name[i]; {
		case c == '"':
			out = append(out, '~', 'q')
		case c == '\'':
			out = append(out, '~', 'a')
		case c == '\\':
			out = append(out, '~', 'b')
		case c == '~':
			out = append(out, '~', '~')
		case c < ' ':
			out = append(out, '~', '0'+c>>4, 'A'+c&15)
		default:
			out = append(out, c)
		}
	}
	return append(out, '\'')
}

// unpack reads what Pack wrote.
func unpack(data []byte) (Set, error) {
	if len(data) < 2 || data[0] != packed || data[len(data)-1] != packed {
		return nil, errFields
	}
	u := unpacker{rest: string(data[1 : len(data)-1])}
	s := u.set(0)
	if u.bad || u.rest != "" {
		return nil, errFields
	}
	return s, nil
}

type unpacker struct {
	rest string
	bad  bool
}

func (u *unpacker) set(depth int) (out Set) {
	for u.rest != "" && u.rest[0] != ')' {
		e := Elem{Name: u.name(), Member: true}
		if u.bad = u.bad || u.rest == "" || depth == maxDepth; u.bad {
			return nil
		}
		mark := u.rest[0]
		u.rest = u.rest[1:]
		switch mark {
		case '.':
		case '(', '[':
			e.Member = mark == '('
			e.Sub = u.set(depth + 1)
			if u.bad = u.bad || u.rest == ""; u.bad {
				return nil
			}
			u.rest = u.rest[1:]
		default:
			u.bad = true
			return nil
		}
		out = append(out, e)
	}
	return ordered(out)
}

func (u *unpacker) name() string {
	if u.rest[0] != '\'' {
		if len(u.rest) < 2 {
			u.bad = true
			return ""
		}
		code := strings.IndexByte(letters, u.rest[0])<<6 | strings.IndexByte(letters, u.rest[1])
		if u.rest = u.rest[2:]; code < 0 || code >= len(words) {
			u.bad = true
			return ""
		}
		return words[code]
	}
	end := strings.IndexByte(u.rest[1:], '\'')
	if end < 0 {
		u.bad = true
		return ""
	}
	text := u.rest[1 : end+1]
	u.rest = u.rest[end+2:]
	if strings.IndexByte(text, '~') >= 0 {
		text = unescape(text)
	}
	u.bad = u.bad || !validStep(text)
	return text
}

func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '~' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		switch i++; text[i] {
		case 'q':
			out.WriteByte('"')
		case 'a':
			out.WriteByte('\'')
		case 'b':
			out.WriteByte('\\')
		case '~':
			out.WriteByte('~')
		default:
			if i+1 < len(text) {
				out.WriteByte((text[i]-'0')<<4 | (text[i+1] - 'A'))
				i++
			}
		}
	}
	return out.String()
}

// Expand writes managed fields as the API shows them. The entries are copied
// where one has to be written anew.
func Expand(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var out []metav1.ManagedFieldsEntry
	for i := range entries {
		f := entries[i].FieldsV1
		if f == nil || len(f.Raw) == 0 || f.Raw[0] != packed {
			continue
		}
		s, err := unpack(f.Raw)
		if err != nil {
			continue
		}
		if out == nil {
			out = append(out, entries...)
		}
		out[i].FieldsV1 = &metav1.FieldsV1{Raw: s.JSON()}
	}
	if out == nil {
		return entries
	}
	return out
}
