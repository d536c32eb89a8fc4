package edge_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/tabernetes/tabernetes/core/apiserver/edge"
)

const defaultAccount = "/api/v1/namespaces/default/serviceaccounts/robot"

// tokenFor asks for a service account's token.
func (e *endpoint) tokenFor(path, spec string) string {
	e.t.Helper()
	resp, body := e.send("POST", path+"/token", `{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":`+spec+`}`)
	var request authenticationv1.TokenRequest
	if err := json.Unmarshal(body, &request); err != nil || resp.StatusCode != http.StatusCreated {
		e.t.Fatal(resp.Status, string(body), err)
	}
	return request.Status.Token
}

func (e *endpoint) must(code int, method, path, body string, header ...string) string {
	e.t.Helper()
	resp, answer := e.send(method, path, body, header...)
	if resp.StatusCode != code {
		e.t.Fatalf("%s %s: %s, want %d: %s", method, path, resp.Status, code, answer)
	}
	return string(answer)
}

// TestAccount: a service account's token opens what its roles allow, for as
// long as the account is there. The words are those of kube-apiserver v1.36.3.
func TestAccount(t *testing.T) {
	e := serve(t, edge.Limits{})
	e.must(201, "POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"robot"}}`)
	as := []string{"Authorization", "Bearer " + e.tokenFor(defaultAccount, "{}")}
	pods := "/api/v1/namespaces/default/pods"

	told := e.must(403, "GET", pods, "", as...)
	if want := `pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"`; !strings.Contains(told, want) {
		t.Errorf("%s\nwant %s", told, want)
	}
	told = e.must(403, "GET", pods, "", append(as, "Impersonate-User", "jane")...)
	if want := `User \"system:serviceaccount:default:robot\" cannot impersonate-on:user-info:list resource \"pods\"`; !strings.Contains(told, want) {
		t.Errorf("%s\nwant %s", told, want)
	}
	e.must(403, "GET", pods+"?watch=1", "", as...)
	e.must(201, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", `{"metadata":{"name":"robot"},
		"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},
		"subjects":[{"kind":"ServiceAccount","name":"robot","namespace":"default"}]}`)
	e.must(200, "GET", pods, "", as...)
	e.must(403, "GET", "/api/v1/namespaces/kube-system/pods", "", as...)

	var me authenticationv1.SelfSubjectReview
	review := `{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`
	if err := json.Unmarshal([]byte(e.must(201, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review, as...)), &me); err != nil {
		t.Fatal(err)
	}
	who := me.Status.UserInfo
	if who.Username != "system:serviceaccount:default:robot" || who.UID == "" || len(who.Groups) != 3 ||
		!strings.HasPrefix(who.Extra["authentication.kubernetes.io/credential-id"][0], "JTI=") {
		t.Errorf("%+v", who)
	}

	e.must(200, "DELETE", defaultAccount, "")
	e.must(401, "GET", pods, "", as...)
	e.must(201, "POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"robot"}}`)
	e.must(401, "GET", pods, "", as...) // another of the same name
}

// TestForgedTokens: nothing that was not signed here opens anything.
func TestForgedTokens(t *testing.T) {
	e := serve(t, edge.Limits{})
	e.must(201, "POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"robot"}}`)
	good := e.tokenFor(defaultAccount, "{}")
	e.must(200, "GET", "/api", "", "Authorization", "Bearer "+good)

	stranger, _, err := edge.NewSigner()
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	others, err := stranger.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	raised := base64.RawURLEncoding.EncodeToString(bytes.ReplaceAll(claims, []byte("robot"), []byte("admin")))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for name, forged := range map[string]string{
		"another's key": others, "other claims": parts[0] + "." + raised + "." + parts[2],
		"no algorithm": none + "." + parts[1] + ".", "no signature": parts[0] + "." + parts[1] + ".",
		"one part more": good + ".x", "cut": good[:len(good)-4], "dots": "..", "nothing": "",
		"another audience": e.tokenFor(defaultAccount, `{"audiences":["vault"]}`),
	} {
		resp, body := e.send("GET", "/api", "", "Authorization", "Bearer "+forged)
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %s %s", name, resp.Status, body)
		}
	}
}

// TestTokenReview: who holds a token is told to whoever may ask, by audience.
func TestTokenReview(t *testing.T) {
	e := serve(t, edge.Limits{})
	e.must(201, "POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"robot"}}`)
	e.must(201, "POST", "/api/v1/namespaces/default/secrets", `{"metadata":{"name":"s"}}`)
	ask := func(token, audiences string) authenticationv1.TokenReviewStatus {
		var r authenticationv1.TokenReview
		answer := e.must(201, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", fmt.Sprintf(
			`{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":%q,"audiences":%s}}`, token, audiences))
		if err := json.Unmarshal([]byte(answer), &r); err != nil {
			t.Fatal(err)
		}
		return r.Status
	}
	plain, bound := e.tokenFor(defaultAccount, "{}"), e.tokenFor(defaultAccount, `{"audiences":["vault"],"boundObjectRef":{"kind":"Secret","apiVersion":"v1","name":"s"}}`)
	if got := ask(plain, "[]"); !got.Authenticated || got.User.Username != "system:serviceaccount:default:robot" || got.Audiences[0] != "https://kubernetes.default.svc" {
		t.Errorf("%+v", got)
	}
	want := `[invalid bearer token, token audiences ["https://kubernetes.default.svc"] is invalid for the target audiences ["x"]]`
	if got := ask(plain, `["x"]`); got.Authenticated || got.Error != want {
		t.Errorf("%+v\nwant %s", got, want)
	}
	if got := ask(bound, `["x","vault"]`); !got.Authenticated || len(got.Audiences) != 1 || got.Audiences[0] != "vault" {
		t.Errorf("%+v", got)
	}
	e.must(200, "DELETE", "/api/v1/namespaces/default/secrets/s", "")
	if got := ask(bound, `["vault"]`); got.Authenticated {
		t.Errorf("bound to what is gone: %+v", got)
	}
}

// TestSignerKept: a key that was kept signs as before.
func TestSignerKept(t *testing.T) {
	s, key, err := edge.NewSigner()
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Sign([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	again, err := edge.ReadSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	if claims, good := again.Claims(token); !good || string(claims) != `{"a":1}` {
		t.Error(string(claims), good)
	}
	if _, err := edge.ReadSigner([]byte("nonsense")); err == nil {
		t.Error("nonsense is a key")
	}
}

// TestTimeGiven: the option timeout is read as the real API server does.
func TestTimeGiven(t *testing.T) {
	e := serve(t, edge.Limits{})
	if told := e.must(400, "GET", configMaps+"?timeout=invalid", ""); !strings.Contains(told, "invalid timeout specified in the request URL") {
		t.Error(told)
	}
	e.must(200, "GET", configMaps+"?timeout=3m", "")
	e.must(200, "GET", configMaps+"?timeout=0s", "")
}

// TestTokensCanBeChecked: any service account finds the key by which a token
// of ours can be checked, and nobody without a token does.
func TestTokensCanBeChecked(t *testing.T) {
	e := serve(t, edge.Limits{})
	e.must(201, "POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"robot"}}`)
	given := e.tokenFor(defaultAccount, "{}")
	as := []string{"Authorization", "Bearer " + given}
	var said struct {
		Issuer string
		URI    string `json:"jwks_uri"`
	}
	if err := json.Unmarshal([]byte(e.must(200, "GET", "/.well-known/openid-configuration", "", as...)), &said); err != nil {
		t.Fatal(err)
	}
	if said.Issuer != "https://kubernetes.default.svc" || said.URI != e.url+"/openid/v1/jwks" {
		t.Errorf("%+v", said)
	}
	var set struct {
		Keys []struct{ X, Y, Kid, Alg string }
	}
	if err := json.Unmarshal([]byte(e.must(200, "GET", "/openid/v1/jwks", "", as...)), &set); err != nil || len(set.Keys) != 1 {
		t.Fatal(set, err)
	}
	number := func(text string) *big.Int {
		data, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(data) != 32 {
			t.Fatal(text, err)
		}
		return new(big.Int).SetBytes(data)
	}
	parts := strings.Split(given, ".")
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	key := &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(set.Keys[0].X), Y: number(set.Keys[0].Y)}
	if !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the key does not fit the token")
	}
	e.must(401, "GET", "/openid/v1/jwks", "", "Authorization", "")
	e.must(404, "GET", "/openid/v1/other", "")
}
