package lessons

import "strings"

// Template is a small lesson that verifies, by file name: what `lessons new` writes.
func Template(id string) map[string]string {
	en := `---
title: A new lesson
summary: What the learner will be able to do, in one sentence.
---

Why this is worth ten minutes.

## First step {#first}

What there is to see. Then let them do it:

` + "```console\nkubectl create deployment web --image=nginx\n```" + `

### The Deployment web exists {#web-exists}
> There is no Deployment called web yet. Run the command above.

#### Hint
The name comes right after “create deployment”.

### Who created the Pod? {#who}
- {#kubectl} kubectl
  > kubectl has created the Deployment, and nothing else.
- {#controller} the ReplicaSet controller

> Look at the sequence: in whose lane does the Pod's first write stand?
`
	p, err := parseProse([]byte(en))
	if err != nil {
		panic("lessons: the template: " + err.Error())
	}
	zh := `---
title: 新的一课
summary: 用一句话说明学习者将学会什么。
of: ` + p.Stamp + `
---

为什么值得花这十分钟。

## 第一步 {#first}

先说明要看什么，然后让学习者动手:

` + "```console\nkubectl create deployment web --image=nginx\n```" + `

### Deployment web 已经存在 {#web-exists}
> 还没有名为 web 的 Deployment。请运行上面的命令。

#### 提示
名字紧跟在“create deployment”之后。

### 是谁创建了 Pod？ {#who}
- {#kubectl} kubectl
  > kubectl 只创建了 Deployment，别的什么也没创建。
- {#controller} ReplicaSet 控制器

> 请看时序图：Pod 的第一次写入出现在谁的泳道里?
`
	return map[string]string{
		"lesson.yaml": strings.ReplaceAll(`# yaml-language-server: $schema=../../lesson.schema.json
format: 1
id: ID
minutes: 10

steps:
- id: first
  checks:
  - id: web-exists
    object:
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
  - id: who
    choice:
      options: [kubectl, controller]
      right: [controller]
`, "ID", id),
		"en.md":        en,
		"zh-cn.md":     zh,
		"solution.txt": "kubectl create deployment web --image=nginx\n#: answer who = controller\n",
		"mistakes/kubectl-did-it.txt": "# What many believe.\n" +
			"kubectl create deployment web --image=nginx\n#: answer who = kubectl\n#: fails who/kubectl\n",
	}
}
