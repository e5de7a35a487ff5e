use expect_test::{Expect, expect};

use super::*;
use crate::ide::{
    Traits,
    testing::{BRACKET, MIRROR, MODERN, marked, snapshot_for},
};

fn text_at(text: &str, at: &str, traits: Traits) -> (String, String) {
    let snapshot = snapshot_for(text, traits);
    let offset = text.find(at).expect("in the text") + at.len() - 2;
    match hover(&snapshot, snapshot.position(offset)) {
        Some(Hover {
            contents: HoverContents::Markup(markup),
            range: Some(range),
        }) => (markup.value, marked(&snapshot, &[range])),
        _ => ("none".into(), String::new()),
    }
}

fn check(text: &str, at: &str, expected: &Expect) {
    expected.assert_eq(&text_at(text, at, MODERN).0);
}

#[test]
fn a_key_shows_what_the_format_says() {
    check(
        BRACKET,
        "\"max_trials\"",
        &expect![[r#"
            **max_trials** · a whole number · 1 to 10000 · required

            Most trials, 1 to 10000. At least 10 for each enabled variable is a rule of thumb."#]],
    );
    check(
        BRACKET,
        "\"objectives\"",
        &expect![[r#"
        **objectives** · a list · 1 to 5 entries · required

        What is wanted: 1 to 5 objectives."#]],
    );
    check(
        BRACKET,
        "\"direction\"",
        &expect![[r#"
        **direction** · required

        Which way is better.

        - `minimize`: Smaller is better: mass, deflection, wavefront error.
        - `maximize`: Larger is better: first natural frequency, margin."#]],
    );
}

#[test]
fn the_range_is_what_the_hover_is_about() {
    let (_, range) = text_at(BRACKET, "\"max_trials\"", MODERN);
    expect![[r#"
              "max_trials": 120,
              ^^^^^^^^^^^^
    "#]]
    .assert_eq(&range);
}

#[test]
fn a_key_of_an_older_format_shows_its_present_name() {
    check(
        r#"{"constraints": [{"limit": 3}]}"#,
        "\"limit\"",
        &expect!["`limit` is called `threshold` in format 2."],
    );
}

#[test]
fn an_extractor_type_explains_what_it_computes() {
    check(
        MIRROR,
        "\"type\": \"zernike_opd\"",
        &expect![[r#"
            `zernike_opd`

            **Wavefront error by Zernike polynomials**: what a change of attitude or load does to the wavefront of a mirror.

            Takes the surface's node displacements of `subcase` (OP2) and coordinates (BDF), subtracts those of `reference_subcase` (node by node, so that only the change between the two attitudes is left, as after polishing or alignment in the reference one), follows each node along its lateral motion too, and turns the result into an optical path difference. A mirror is passed twice: **wavefront = 2 × surface**; outputs are wavefront, in nm.

            Fit: W(ρ,θ) = Σ aⱼ Zⱼ(ρ,θ), j = 1 … `n_modes`, Noll's order and normalisation, by least squares over the pupil of radius `pupil_radius_mm`. With that normalisation each aⱼ is the RMS of its own term, and the fitted part has RMS² = Σ aⱼ² over the terms without piston: exactly so on a full disc that the nodes cover evenly; with a central hole or uneven nodes the terms are not quite orthogonal.

            - `global_rms`: RMS of the whole wavefront change over the pupil, nothing removed but its mean.
            - `filtered_rms`: RMS after the first `filter_orders` terms are taken off: what alignment, focus or an active corrector cannot remove. 4 takes off piston, tip, tilt and defocus.

            Needs `subcase` and `reference_subcase`. Outputs are lengths, in nm.

            | `config` | | |
            |---|---|---|
            | `subcase` | needed | Id of the subcase in which the surface is looked at, e.g. the attitude 40° above the horizon. |
            | `reference_subcase` | needed | Id of the subcase that is subtracted, e.g. the attitude in which the mirror was polished or aligned. |
            | `n_modes` |  | Zernike terms that are fitted, 1 to 100 in Noll's order; 50 when absent. More follow finer ripples, and need more nodes. |
            | `filter_orders` |  | Terms that are taken off before `filtered_rms`, 0 to 15, counted in Noll's order |
            | `pupil_radius_mm` |  | Radius of the pupil that the polynomials are defined on, in mm: that of the clear aperture, not of the blank. |"#]],
    );
}

#[test]
fn a_source_shows_extractor_output_and_units() {
    check(
        BRACKET,
        "\"extractor_id\": \"ext_002\"",
        &expect![[r#"
            **von Mises** · extractor `ext_002`

            `stress` · subcase: 1 (lug 12 kN) · element_type: CTETRA · stress_type: von_mises

            | output | metric | units |
            |---|---|---|
            | max_stress | max | MPa |

            Used by constraint **yield** (`con_001`)"#]],
    );
    check(
        BRACKET,
        "\"output_name\": \"max_stress\"",
        &expect![[r#"
            **max_stress** · output of **von Mises** (`ext_002`)

            max · in MPa · subcase 1 (lug 12 kN)

            **Element stress** of one subcase, from the OP2's stress table for one `element_type`."#]],
    );
    check(
        BRACKET,
        "\"weight\": 1.0,\n      \"source\"",
        &expect![[r#"
            **source** · an object · required

            The output that is wanted small or large.

            `mass` of **mass** (`ext_001`), `mass`, in kg"#]],
    );
}

#[test]
fn a_variable_shows_where_its_baseline_lies() {
    check(
        BRACKET,
        "\"id\": \"dv_001\"",
        &expect![[r#"
        **web thickness** · design variable `dv_001`

        drives `web_t` · continuous · in mm

        `3.0 ├───────────●─────────┤ 12.0` mm

        baseline 8.0, at 55.6 % of its range · step 0.1"#]],
    );
    check(
        BRACKET,
        "\"baseline\": 8.0,",
        &expect![[r#"
        **baseline**

        `3.0 ├───────────●─────────┤ 12.0` mm

        baseline 8.0, at 55.6 % of its range · step 0.1

        The value of the model as it stands, where the search begins: within `bounds`, or one of `choices`."#]],
    );
}

#[test]
fn goals_and_canvas_edges_show_what_they_name() {
    check(
        BRACKET,
        "\"target\": \"con_001\"",
        &expect![[r#"
            **yield** · constraint `con_001`

            `max_stress` of **von Mises** (`ext_002`), `stress`, in MPa · `<=` 235.0 MPa · hard"#]],
    );
    check(
        BRACKET,
        "\"target\": \"obj_001\"",
        &expect![[r#"
        **mass** · objective `obj_001`

        minimize `mass` of **mass** (`ext_001`), `mass`, in kg · weight: 1.0"#]],
    );
    check(
        BRACKET,
        "\"target\": \"solver\"",
        &expect!["`solver`: a node that every canvas has"],
    );
}

#[test]
fn subcases_stages_and_expressions_show_what_they_are() {
    check(
        MIRROR,
        "\"subcase\": 3,",
        &expect![[r#"
            **40 deg** · subcase `3`

            type: static

            Used by extractor **WFE 40-20** (`ext_001`)"#]],
    );
    check(
        MIRROR,
        "\"from\": \"explore\"",
        &expect![[r#"
        **Explore** · stage `explore`

        algorithm: RandomSearch · trials: 60 · purpose: cover the box

        Used by transition `explore` → `refine`"#]],
    );
}

#[test]
fn units_say_what_they_measure() {
    check(
        BRACKET,
        "\"units\": \"MPa\"",
        &expect!["`MPa`: a pressure; 1 MPa = 1e6 Pa"],
    );
    check(BRACKET, "\"units\": \"kg\"", &expect!["`kg`: a mass"]);
    check(
        r#"{"design_variables": [{"units": "furlong"}]}"#,
        "furlong\"",
        &expect!["none"],
    );
}

#[test]
fn a_reference_that_names_nothing_says_so_and_what_belongs_there() {
    check(
        r#"{"objectives": [{"source": {"extractor_id": "ext_404"}}]}"#,
        "ext_404\"",
        &expect![[r#"
            `ext_404` names nothing in this spec.

            **extractor_id** · a string · required

            Id of the extractor that measures it."#]],
    );
    check(
        r#"{"extractors": [{"id": "ext_001", "outputs": [{"name": "m"}]}], "objectives": [{"source": {"extractor_id": "ext_001", "output_name": "n"}}]}"#,
        "\"n\"",
        &expect![[r#"
            `n` names no output of `ext_001` in this spec.

            **output_name** · a string · required

            Name of one of that extractor's `outputs`."#]],
    );
    check(
        r#"{"design_variables": [{"expression_name": "web_t"}]}"#,
        "web_t\"",
        &expect![[r#"
            NX expression `web_t`; intake listed none to compare it with.

            **expression_name** · a string · required

            The NX expression that it drives. Where `model.introspection` lists expressions, one of those; no two variables drive the same."#]],
    );
    check(
        r#"{"model": {"sim": {"subcases": [{"id": 1}]}}, "extractors": [{"type": "stress", "config": {"subcase": 9}}]}"#,
        "\"subcase\": 9}",
        &expect![[r#"
            `9` names no subcase of the model.

            **subcase** · a whole number · required

            Id of the subcase whose stresses are read."#]],
    );
}

#[test]
fn a_wavefront_error_says_what_is_taken_off_it() {
    check(
        MIRROR,
        "\"output_name\": \"filtered_rms\"",
        &expect![[r#"
            **filtered_rms** · output of **WFE 40-20** (`ext_001`)

            rms · in nm · subcase 3 (40 deg)

            **Wavefront error by Zernike polynomials**: what a change of attitude or load does to the wavefront of a mirror.

            RMS of the wavefront over the pupil; `filter_orders` 4 takes off Noll's terms 1 to 4: piston (Z1), tip and tilt (Z2, Z3), defocus (Z4). What stays begins with primary astigmatism (Z5, Z6). The fitted part of the rest is √(Σ aⱼ²), j = 5 … 50, where the nodes cover the whole disc evenly."#]],
    );
    check(
        MIRROR,
        "\"name\": \"global_rms\"",
        &expect![[r#"
            **global_rms** · output of **WFE 40-20** (`ext_001`)

            rms · in nm · subcase 3 (40 deg)

            **Wavefront error by Zernike polynomials**: what a change of attitude or load does to the wavefront of a mirror.

            RMS of the whole wavefront over the pupil, only its mean (piston) taken off: tip, tilt and defocus count in full, and `filter_orders` changes nothing."#]],
    );
    let (text, _) = text_at(MIRROR, "\"filter_orders\": 4,", MODERN);
    expect!["`4` takes off Noll's terms 1 to 4: piston (Z1), tip and tilt (Z2, Z3), defocus (Z4). What stays begins with primary astigmatism (Z5, Z6)."].assert_eq(text.lines().next().unwrap_or_default());
    let (text, _) = text_at(MIRROR, "\"filter_orders\"", MODERN);
    expect!["`4` takes off Noll's terms 1 to 4: piston (Z1), tip and tilt (Z2, Z3), defocus (Z4). What stays begins with primary astigmatism (Z5, Z6)."].assert_eq(text.lines().last().unwrap_or_default());
}

#[test]
fn text_of_the_spec_stays_text() {
    check(
        r#"{"extractors": [{"id": "ext_001", "name": "<img src=x onerror=y> [a](http://b)", "type": "mass`x", "outputs": [{"name": "a|b"}]}]}"#,
        "\"id\": \"ext_001\"",
        &expect![[r#"
            **\<img src=x onerror=y\> \[a\](http\://b)** · extractor `ext_001`

            ``mass`x``

            | output | metric | units |
            |---|---|---|
            | a\|b |  |  |

            Not used."#]],
    );
}

#[test]
fn a_client_without_markdown_gets_plain_text() {
    let traits = Traits {
        markdown: false,
        ..MODERN
    };
    let (text, _) = text_at(BRACKET, "\"extractor_id\": \"ext_002\"", traits);
    expect![[r#"
        von Mises · extractor ext_002

        stress · subcase: 1 (lug 12 kN) · element_type: CTETRA · stress_type: von_mises

        | output | metric | units |
        | max_stress | max | MPa |

        Used by constraint yield (con_001)"#]]
    .assert_eq(&text);
}

#[test]
fn nothing_is_said_where_nothing_is_known() {
    for (text, at) in [
        ("{ }", "{ }"),
        (r#"{"strange": 1}"#, "\"strange\""),
        (r#"{"strange": {"a": 1}}"#, "\"a\": 1}"),
    ] {
        assert_eq!(text_at(text, at, MODERN).0, "none", "{text}");
    }
}

#[test]
fn a_broken_text_is_no_obstacle() {
    check(
        r#"{"optimization": {"budget": {"max_trials": 10, "#,
        "\"max_trials\"",
        &expect![[r#"
            **max_trials** · a whole number · 1 to 10000 · required

            Most trials, 1 to 10000. At least 10 for each enabled variable is a rule of thumb."#]],
    );
}
