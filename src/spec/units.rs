//! Units of measure: a small table of the words that specs use, their dimensions and scales.
//!
//! A unit that the table does not know is left alone by every check.

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// A plain number: no unit, or `%`.
    None,
    /// Mass.
    Mass,
    /// Length.
    Length,
    /// Length squared.
    Area,
    /// Length cubed.
    Volume,
    /// Length to the fourth: second moment of area.
    Inertia,
    /// Pressure and stress.
    Pressure,
    /// Force.
    Force,
    /// Frequency and speed of rotation.
    Frequency,
    /// Time.
    Time,
    /// Angle.
    Angle,
    /// Temperature.
    Temperature,
    /// Energy.
    Energy,
}

impl Dimension {
    /// With its article where it wants one, for messages.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "a plain number",
            Self::Mass => "a mass",
            Self::Length => "a length",
            Self::Area => "an area",
            Self::Volume => "a volume",
            Self::Inertia => "a second moment of area",
            Self::Pressure => "a pressure",
            Self::Force => "a force",
            Self::Frequency => "a frequency",
            Self::Time => "a time",
            Self::Angle => "an angle",
            Self::Temperature => "a temperature",
            Self::Energy => "an energy",
        }
    }

    /// Its SI unit; empty for a plain number.
    #[must_use]
    pub fn si(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Mass => "kg",
            Self::Length => "m",
            Self::Area => "m²",
            Self::Volume => "m³",
            Self::Inertia => "m⁴",
            Self::Pressure => "Pa",
            Self::Force => "N",
            Self::Frequency => "Hz",
            Self::Time => "s",
            Self::Angle => "rad",
            Self::Temperature => "K",
            Self::Energy => "J",
        }
    }

    /// The units to offer for it, the usual one first.
    #[must_use]
    pub fn usual(self) -> &'static [&'static str] {
        match self {
            Self::None => &["", "%"],
            Self::Mass => &["kg", "g", "t", "mg", "lb"],
            Self::Length => &["mm", "m", "cm", "µm", "nm", "in", "ft"],
            Self::Area => &["mm^2", "m^2"],
            Self::Volume => &["mm^3", "m^3"],
            Self::Inertia => &["mm^4", "m^4"],
            Self::Pressure => &["MPa", "Pa", "kPa", "GPa", "bar", "psi", "ksi"],
            Self::Force => &["N", "kN", "lbf"],
            Self::Frequency => &["Hz", "kHz", "rpm"],
            Self::Time => &["s", "ms", "min", "h"],
            Self::Angle => &["deg", "rad", "mrad", "arcsec"],
            Self::Temperature => &["°C", "K", "°F"],
            Self::Energy => &["J", "mJ"],
        }
    }
}

/// A known unit: a value in it is `value * scale + offset` in the SI unit of its dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// What it measures.
    pub dimension: Dimension,
    /// Its size in the SI unit (kg, m, Pa, N, Hz, s, rad, K, J).
    pub scale: f64,
    /// Where its zero is, in the SI unit; 0 but for temperature scales.
    pub offset: f64,
}

/// How values in two known units compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relation {
    /// The same, perhaps by another name.
    Same,
    /// Of one dimension; a value in the first is this many times the number in the second.
    Factor(f64),
    /// Two temperature scales with other zeros.
    Offset,
    /// Of different dimensions.
    Different,
}

const POUND_FORCE: f64 = 4.448_221_615_260_5;
const INCH: f64 = 0.0254;
const DEGREE: f64 = std::f64::consts::PI / 180.0;

/// Units by name; looked at before prefixes are, so that `min` is a minute and `ft` a foot.
const TABLE: &[(&str, Dimension, f64)] = &[
    ("", Dimension::None, 1.0),
    ("%", Dimension::None, 0.01),
    ("kg", Dimension::Mass, 1.0),
    ("g", Dimension::Mass, 1e-3),
    ("t", Dimension::Mass, 1e3),
    ("lb", Dimension::Mass, 0.453_592_37),
    ("m", Dimension::Length, 1.0),
    ("in", Dimension::Length, INCH),
    ("ft", Dimension::Length, 12.0 * INCH),
    ("Pa", Dimension::Pressure, 1.0),
    ("psi", Dimension::Pressure, POUND_FORCE / (INCH * INCH)),
    (
        "ksi",
        Dimension::Pressure,
        1e3 * POUND_FORCE / (INCH * INCH),
    ),
    ("bar", Dimension::Pressure, 1e5),
    ("N/mm^2", Dimension::Pressure, 1e6),
    ("N/mm²", Dimension::Pressure, 1e6),
    ("N", Dimension::Force, 1.0),
    ("lbf", Dimension::Force, POUND_FORCE),
    ("Hz", Dimension::Frequency, 1.0),
    ("rpm", Dimension::Frequency, 1.0 / 60.0),
    ("s", Dimension::Time, 1.0),
    ("min", Dimension::Time, 60.0),
    ("h", Dimension::Time, 3600.0),
    ("rad", Dimension::Angle, 1.0),
    ("deg", Dimension::Angle, DEGREE),
    ("°", Dimension::Angle, DEGREE),
    ("arcsec", Dimension::Angle, DEGREE / 3600.0),
    ("K", Dimension::Temperature, 1.0),
    ("J", Dimension::Energy, 1.0),
];

/// SI prefixes; `µ` in both code points and as `u`.
const PREFIXES: &[(&str, f64)] = &[
    ("n", 1e-9),
    ("µ", 1e-6),
    ("μ", 1e-6),
    ("u", 1e-6),
    ("m", 1e-3),
    ("c", 1e-2),
    ("d", 1e-1),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
];

/// The units that take a prefix.
const PREFIXED: &[&str] = &["g", "m", "Pa", "N", "Hz", "s", "rad", "J", "bar"];

/// The unit of that name, if it is a known one. Blanks around it do not matter, capitals do.
#[must_use]
pub fn parse(text: &str) -> Option<Unit> {
    let text = text.trim();
    temperature(text)
        .or_else(|| linear(text))
        .or_else(|| power_of_length(text))
}

fn temperature(text: &str) -> Option<Unit> {
    let (scale, offset) = match text {
        "C" | "°C" => (1.0, 273.15),
        "F" | "°F" => (5.0 / 9.0, 459.67 * 5.0 / 9.0),
        _ => return None,
    };
    Some(Unit {
        dimension: Dimension::Temperature,
        scale,
        offset,
    })
}

fn linear(text: &str) -> Option<Unit> {
    let named = |name: &str| TABLE.iter().find(|(unit, ..)| *unit == name);
    let (dimension, scale) = match named(text) {
        Some((_, dimension, scale)) => (*dimension, *scale),
        None => PREFIXES.iter().find_map(|(prefix, factor)| {
            let name = text
                .strip_prefix(prefix)
                .filter(|name| PREFIXED.contains(name))?;
            named(name).map(|(_, dimension, scale)| (*dimension, factor * scale))
        })?,
    };
    Some(Unit {
        dimension,
        scale,
        offset: 0.0,
    })
}

fn power_of_length(text: &str) -> Option<Unit> {
    const POWERS: [(&str, &str, Dimension, i32); 3] = [
        ("^2", "²", Dimension::Area, 2),
        ("^3", "³", Dimension::Volume, 3),
        ("^4", "⁴", Dimension::Inertia, 4),
    ];
    POWERS
        .into_iter()
        .find_map(|(caret, raised, dimension, power)| {
            let length = linear(
                text.strip_suffix(caret)
                    .or_else(|| text.strip_suffix(raised))?,
            )?;
            let scale = length.scale.powi(power);
            (length.dimension == Dimension::Length).then_some(Unit {
                dimension,
                scale,
                offset: 0.0,
            })
        })
}

impl Unit {
    /// A value in this unit, in the SI unit of its dimension.
    #[must_use]
    pub fn to_si(self, value: f64) -> f64 {
        value * self.scale + self.offset
    }

    /// How values in this unit compare to values in the other.
    #[must_use]
    pub fn relation(self, other: Self) -> Relation {
        let factor = self.scale / other.scale;
        if self.dimension != other.dimension {
            Relation::Different
        } else if (self.offset - other.offset).abs() > 1e-9 {
            Relation::Offset
        } else if self.dimension == Dimension::None || (factor - 1.0).abs() < 1e-9 {
            Relation::Same
        } else {
            Relation::Factor(factor)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_the_format_is_known() {
        use Dimension::*;
        let format = [
            (Mass, "kg g mg t lb"),
            (Length, "m mm cm µm μm um nm in ft"),
            (Pressure, "Pa kPa MPa GPa psi ksi bar N/mm^2 N/mm²"),
            (Force, "N kN lbf"),
            (Frequency, "Hz kHz rpm"),
            (Time, "s ms min h"),
            (Angle, "deg ° rad mrad arcsec"),
            (Temperature, "K C °C F °F"),
            (Area, "mm^2 mm² in² µm^2 cm²"),
            (Volume, "m^3 in³ mm^3 nm³"),
            (Inertia, "mm^4 m⁴ in^4"),
            (Energy, "J mJ"),
            (None, "%"),
        ];
        for (dimension, units) in format {
            for unit in units.split(' ') {
                assert_eq!(
                    parse(unit).map(|unit| unit.dimension),
                    Some(dimension),
                    "{unit}"
                );
            }
        }
        assert_eq!(parse("").map(|unit| unit.dimension), Some(None));
    }

    #[test]
    fn unknown_units_are_left_alone() {
        for unit in [
            "furlong", "mpa", "Mm^5", "kmin", "kg^2", "^2", "µ", "N/m", "kg·m²", "kin", "mK/W",
            "cd",
        ] {
            assert_eq!(parse(unit), Option::None, "{unit}");
        }
    }

    #[test]
    fn what_is_offered_for_a_dimension_is_of_it() {
        use Dimension::*;
        let all = [
            None,
            Mass,
            Length,
            Area,
            Volume,
            Inertia,
            Pressure,
            Force,
            Frequency,
            Time,
            Angle,
            Temperature,
            Energy,
        ];
        for dimension in all {
            for unit in dimension.usual() {
                assert_eq!(
                    parse(unit).map(|unit| unit.dimension),
                    Some(dimension),
                    "{unit}"
                );
            }
        }
    }

    #[test]
    fn scales_compare() {
        let relation = |a, b| parse(a).expect("known").relation(parse(b).expect("known"));
        let factor = |a, b| match relation(a, b) {
            Relation::Factor(factor) => factor,
            other => panic!("{a} to {b}: {other:?}"),
        };
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-6, "{a} is not {b}");
        assert_eq!(relation("MPa", "N/mm²"), Relation::Same);
        assert_eq!(relation("°C", "C"), Relation::Same);
        assert_eq!(relation("µm", "um"), Relation::Same);
        assert_eq!(relation("%", ""), Relation::Same);
        assert_eq!(relation("MPa", "mm"), Relation::Different);
        assert_eq!(relation("°C", "K"), Relation::Offset);
        assert_eq!(relation("F", "C"), Relation::Offset);
        close(factor("kg", "g"), 1000.0);
        close(factor("mm", "µm"), 1000.0);
        close(factor("ksi", "MPa"), 6.894_757);
        close(factor("Hz", "rpm"), 60.0);
        close(factor("in³", "mm^3"), 16_387.064);
        close(factor("deg", "arcsec"), 3600.0);
        close(factor("kPa", "psi"), 0.145_037_7);
    }
}
