use expect_test::expect;

use super::*;
use crate::text::{Edit, Text};

const BRACKET: &str =
    include_str!("../../../examples/studies/bracket_mass/1_setup/atomizer_spec.json");
const MIRROR: &str = include_str!("../../../examples/studies/optics/m1_mirror/atomizer_spec.json");

fn parsed(text: &str) -> Parsed {
    Parsed::new(Text::from(text))
}

#[test]
fn entries_stand_in_order_and_do_not_overlap() {
    for text in [BRACKET, MIRROR] {
        let model = Model::of(&parsed(text));
        for pair in model.entries().windows(2) {
            assert!(pair[0].range().end < pair[1].start);
        }
        for entry in model.entries() {
            assert_eq!(
                model.entry_at(entry.start).map(|found| found.start),
                Some(entry.start)
            );
        }
    }
}

#[test]
fn every_reference_to_an_id_is_found() {
    let parsed = parsed(MIRROR);
    let model = Model::of(&parsed);
    let places = |symbol: Symbol| -> Vec<String> {
        let place = |found: Occurrence| {
            format!(
                "{:?} {}",
                found.role,
                model.pointer(&model.entries()[found.entry])
            )
        };
        model.occurrences(&symbol).into_iter().map(place).collect()
    };
    expect![[r#"
        [
            "Definition /extractors/0",
            "Reference /objectives/0",
            "Reference /canvas/edges/7",
            "Reference /canvas/edges/10",
        ]
    "#]]
    .assert_debug_eq(&places(Symbol::Id("ext_001".into())));
    let output = Symbol::Output {
        extractor: "ext_002".into(),
        name: "filtered_rms".into(),
    };
    expect![[r#"
        [
            "Definition /extractors/1",
            "Reference /objectives/1",
        ]
    "#]]
    .assert_debug_eq(&places(output));
    expect![[r#"
        [
            "Definition /model/sim/subcases/1",
            "Reference /extractors/0",
            "Reference /extractors/1",
        ]
    "#]]
    .assert_debug_eq(&places(Symbol::Subcase("2".into())));
    expect![[r#"
        [
            "Definition /workflow/stages/0",
            "Reference /workflow/transitions/0",
        ]
    "#]]
    .assert_debug_eq(&places(Symbol::Id("explore".into())));
}

#[test]
fn the_symbol_under_the_cursor_is_the_one_of_its_place() {
    let parsed = parsed(BRACKET);
    let model = Model::of(&parsed);
    let at = BRACKET
        .find("\"output_name\": \"max_stress\"")
        .expect("in the example")
        + 17;
    let found = model.symbol_at(at).expect("an output is named here");
    assert_eq!(found.role, Role::Reference);
    assert_eq!(
        found.symbol,
        Symbol::Output {
            extractor: "ext_002".into(),
            name: "max_stress".into()
        }
    );
    let definition = model.definition(&found.symbol).expect("it is defined");
    assert_eq!(&BRACKET[definition.range], "\"max_stress\"");
    assert!(
        model
            .symbol_at(BRACKET.find("\"model\"").expect("in the example"))
            .is_none()
    );
    let fixed = BRACKET
        .find("\"target\": \"model\"")
        .expect("in the example")
        + 12;
    assert!(
        model.symbol_at(fixed).is_none(),
        "a fixed node is no symbol"
    );
}

#[test]
fn after_an_edit_only_the_entry_that_changed_is_read_anew() {
    let before = parsed(MIRROR);
    let model = Model::of(&before);
    let at = MIRROR
        .find("\"lateral inner angle\"")
        .expect("in the example")
        + 1;
    let after = before.edit(&[Edit {
        range: at..at,
        insert: "the ".into(),
    }]);
    let Update {
        model: updated,
        origins,
        steady,
    } = model.update(&after);
    assert!(steady.is_some_and(|steady| steady.renamed && steady.changed.len() == 1));
    let anew: Vec<&Entry> = updated
        .entries()
        .iter()
        .zip(&origins)
        .filter(|(_, origin)| **origin == Origin::Read(()))
        .map(|(entry, _)| entry)
        .collect();
    assert_eq!(
        anew.iter().map(|entry| entry.name()).collect::<Vec<_>>(),
        [Some("the lateral inner angle")]
    );
    let fresh = Model::of(&after);
    let ranges = |model: &Model| model.entries().iter().map(Entry::range).collect::<Vec<_>>();
    assert_eq!(ranges(&updated), ranges(&fresh));
}

#[test]
fn an_inserted_or_removed_entry_leaves_the_others_known() {
    let before = parsed(MIRROR);
    let model = Model::of(&before);
    let home = model.list(EntryKind::Variable);
    let gone = home[1].start..home[2].start;
    let after = before.edit(&[Edit {
        range: gone.clone(),
        insert: String::new(),
    }]);
    let Update {
        model: shorter,
        origins,
        steady,
    } = model.update(&after);
    assert!(steady.is_none());
    let anew = |origins: &[Origin<()>]| {
        let read = origins.iter().filter(|it| **it == Origin::Read(()));
        read.count()
    };
    assert!(anew(&origins) <= 1, "at most the one that the edit touches");
    let back = after.edit(&[Edit {
        range: gone.start..gone.start,
        insert: MIRROR[gone].to_owned(),
    }]);
    let Update { origins, .. } = shorter.update(&back);
    assert!(
        anew(&origins) <= 2,
        "the one that came back, and the one that it touches"
    );
}

#[test]
fn the_summary_tells_the_study_in_a_few_lines() {
    expect![[r#"
        **m1_mirror** (running)
        Whiffletree and blank geometry of a 1.2 m primary; wavefront error between 20° and 60° elevation.
        Model: model/m1_assembly_sim1.sim, SOL101

        Design variables (6):

        | variable | expression | range | baseline | units |
        |---|---|---|---|---|
        | dv_001 whiffle inner radius | whiffle_min | 35.0 … 55.0 | 40.55 | mm |
        | dv_002 whiffle outer to vertical | whiffle_outer_to_vertical | 68.0 … 80.0 | 75.0 | deg |
        | dv_003 lateral inner angle | lateral_inner_angle | 25.0 … 28.5 | 26.79 | deg |
        | dv_004 lateral outer angle | lateral_outer_angle | 13.0 … 17.0 | 14.64 | deg |
        | dv_005 blank backface angle | blank_backface_angle | 4.2 … 4.5 | 4.43 | deg |
        | dv_006 centre thickness (disabled) | center_thickness | 60.0 … 90.0 | 75.0 | mm |

        Objectives (2):

        | objective | direction | of | weight | units |
        |---|---|---|---|---|
        | obj_001 WFE 40-20 | minimize | WFE 40-20: filtered_rms | 5.0 | nm |
        | obj_002 WFE 60-20 | minimize | WFE 60-20: filtered_rms | 5.0 | nm |

        Constraints (1):

        | constraint | of | limit | units | kind |
        |---|---|---|---|---|
        | con_001 blank mass | blank mass: mass | <= 105.0 | kg | soft |

        Search: NSGA-II, at most 400 trials
        Surrogate: ensemble
    "#]]
    .assert_eq(&summary(&parsed(MIRROR)));
}

#[test]
fn what_every_entry_has_is_small() {
    // With the two counts of an `Arc` no more than 128 bytes, for which allocators have a class of their own.
    assert!(size_of::<Facts>() <= 112, "{}", size_of::<Facts>());
}
