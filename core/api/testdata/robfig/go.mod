// A module of its own: what it needs is no part of the engine.
module robfig

go 1.26

require github.com/robfig/cron/v3 v3.0.1 // the library whose schedules Kubernetes reads
