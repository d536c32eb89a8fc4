// Command robfig writes down when github.com/robfig/cron/v3 would run schedules
// around the turns of clocks:
//
//	cd core/api/testdata/robfig && go run . > ../schedules.txt
package main

import (
	"fmt"
	"log"
	"math/rand/v2"
	"strings"
	"time"

	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

// Turns at two o'clock, at midnight east and west of Greenwich, by half an
// hour, at odd minutes, and backwards from summer; and a zone without any.
var zones = []string{
	"Europe/Berlin", "America/New_York", "America/Havana", "Africa/Cairo", "Asia/Beirut", "America/Santiago",
	"Australia/Lord_Howe", "Pacific/Chatham", "Europe/Dublin", "America/Nuuk", "Asia/Kolkata", "Pacific/Apia",
}

var schedules = []string{
	"0 0 * * *", "30 1 * * *", "30 2 * * *", "0 3 * * *", "*/20 0-3 * * *", "15 * * * *", "0 */6 * * *",
	"0 0 * * 0", "0 3 * * 6", "0 0 * * 5", "45 2 29 3 *", "0 0 1 4,11 *", "30 0 1 * 0", "59 23 31 * *", "0 0 1 1 *", "@every 50m",
}

func main() {
	dice := rand.New(rand.NewPCG(1, 2))
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			log.Fatal(err)
		}
		for _, text := range schedules {
			s, err := cron.ParseStandard("TZ=" + name + " " + text)
			if err != nil {
				log.Fatal(err)
			}
			for _, turn := range turns(zone) {
				from := turn.Add(-time.Duration(dice.IntN(30*60)) * time.Minute).Add(time.Duration(dice.IntN(60)) * time.Second)
				at, times := from, []string{}
				for range 4 {
					at = s.Next(at)
					times = append(times, at.In(zone).Format(time.RFC3339))
				}
				fmt.Println(strings.Join([]string{name, text, from.UTC().Format(time.RFC3339), strings.Join(times, " ")}, " | "))
			}
		}
	}
}

// turns are the moments of a year at which a zone's clocks are turned; where they never are, its middle.
func turns(zone *time.Location) []time.Time {
	var all []time.Time
	for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2027; at = at.Add(15 * time.Minute) {
		_, before := at.Add(-15 * time.Minute).In(zone).Zone()
		if _, after := at.In(zone).Zone(); before != after {
			all = append(all, at)
		}
	}
	if len(all) == 0 {
		all = append(all, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	}
	return all
}
