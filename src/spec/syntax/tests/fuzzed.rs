//! What the fuzz targets found, each made as small as it goes.

use super::check_against_judge;

#[test]
fn an_error_before_a_character_of_several_bytes_covers_the_whole_of_it() {
    check_against_judge("{\n\u{11}{\n ~\nޑ");
    check_against_judge("{\n\u{0}{\n \u{1f}\n°");
}
