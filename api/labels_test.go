package api

import "testing"

// TestLabelsInTheLanguageOfTheReader reads the catalog in three languages: objects, fields, choices, and the fields that every record has.
func TestLabelsInTheLanguageOfTheReader(t *testing.T) {
	w := onFile(t, nil)
	for language, want := range map[string][6]string{
		"en": {"User", "Users", "New user", "Calendar", "Solar Hijri", "Owner"},
		"fa": {"کاربر", "کاربران", "کاربر جدید", "تقویم", "هجری شمسی", "مسئول"},
		"az": {"İstifadəçi", "İstifadəçilər", "Yeni istifadəçi", "Təqvim", "Hicri-şəmsi", "Məsul şəxs"},
	} {
		users := w.catalogOf("users", "Accept-Language: "+language)
		calendar := fieldOf(users, "calendar")
		options, _ := calendar["options"].([]any)
		if len(options) != 2 {
			t.Fatalf("%s: options %v", language, options)
		}
		second := options[1].(map[string]any)
		got := [6]string{}
		for i, v := range []any{users["label"], users["label_plural"], users["label_new"], calendar["label"], second["label"], fieldOf(users, "owner")["label"]} {
			got[i], _ = v.(string)
		}
		if got != want || second["code"] != "jalali" || second["retired"] != false {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
}

// TestLabelsMadeInTheWorkspace prefers the words of the workspace, and falls back to English and then to the name.
func TestLabelsMadeInTheWorkspace(t *testing.T) {
	w := onFile(t, nil)
	w.call("POST", "/catalog/objects", `{"name":"c_trip","plural":"c_trips","labels":{"en":"Trip","en.new":"New trip","fa":"سفر"}}`).want(t, 201)
	w.call("POST", "/catalog/objects/c_trips/fields",
		`{"name":"size","group":"More","kind":{"type":"choice","options":[{"code":"s","labels":{"en":"Small"}},{"code":"l"}]}}`).want(t, 201)
	for language, want := range map[string][6]string{
		"fa": {"سفر", "c_trips", "New trip", "Small", "l", "More"}, "az": {"Trip", "c_trips", "New trip", "Small", "l", "More"},
	} {
		trips := w.catalogOf("c_trips", "Accept-Language: "+language)
		size := fieldOf(trips, "size")
		options := size["options"].([]any)
		got := [6]string{}
		for i, v := range []any{
			trips["label"], trips["label_plural"], trips["label_new"], options[0].(map[string]any)["label"], options[1].(map[string]any)["label"], size["group_label"],
		} {
			got[i], _ = v.(string)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", language, got, want)
		}
	}
}
