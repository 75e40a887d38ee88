//! What surfaces look like: colours and patterns that are functions of a place.

use nalgebra::Vector3;

/// A colour of light: red, green, blue, not gamma-coded.
pub(super) type Colour = Vector3<f32>;

/// How a surface looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Material {
    /// Most of it.
    pub(super) colour: Colour,
    /// The rest of its pattern.
    pub(super) second: Colour,
    /// Its pattern.
    pub(super) pattern: Pattern,
    /// Unevenness of its brightness: strength and size of patches in metres.
    pub(super) mottle: [f32; 2],
    /// Strength of folds, for cloth; 0 is flat.
    pub(super) folds: f32,
    /// Strength of the highlight.
    pub(super) shine: f32,
    /// Shifts the pattern and its unevenness.
    pub(super) seed: u32,
}

/// Patterns; sizes are in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pattern {
    /// One colour.
    Plain,
    /// Stripes across an axis (0 to 2): their period, and the share of the second colour.
    Stripes {
        axis: usize,
        period: f32,
        share: f32,
    },
    /// A chessboard.
    Checks { period: f32 },
    /// Crossing stripes, darker where they meet.
    Plaid { period: f32 },
    /// Dots.
    Dots { period: f32 },
    /// Soft patches of both colours.
    Patches { size: f32 },
    /// The second colour within a box: low and high corner; such as a print on the chest.
    Print {
        low: Vector3<f32>,
        high: Vector3<f32>,
    },
    /// Courses of bricks or planks with joints of the second colour: length, height, joint.
    Courses {
        length: f32,
        height: f32,
        joint: f32,
    },
    /// Square tiles with joints of the second colour: side and joint.
    Tiles { side: f32, joint: f32 },
    /// A front of windows of the second colour: distance sideways and upward.
    Windows { aside: f32, above: f32 },
    /// A person's skin with hair, brows, lips as the face wears them.
    Face(Face),
}

/// What a head wears by nature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Face {
    /// Colour of hair and brows.
    pub(super) hair: Colour,
    /// Colour of the lips.
    pub(super) lips: Colour,
    /// Whether hair is painted on the scalp, and how far down the forehead, in metres.
    pub(super) scalp: Option<f32>,
    /// Density of a beard, 0 to 1.
    pub(super) beard: f32,
}

impl Material {
    /// One colour all over.
    pub(super) fn plain(colour: Colour) -> Self {
        Self {
            colour,
            second: colour,
            pattern: Pattern::Plain,
            mottle: [0.0, 1.0],
            folds: 0.0,
            shine: 0.0,
            seed: 0,
        }
    }

    /// The colour at a place of the pattern's own space, on a surface with this normal.
    pub(super) fn colour_at(&self, place: &Vector3<f32>, normal: &Vector3<f32>) -> Colour {
        let own = self.pattern.colour_at(self, place, normal);
        let [strength, size] = self.mottle;
        if strength == 0.0 {
            return own;
        }
        let rough = clouds(&(place / size), self.seed) - 0.5;
        own * (1.0 + 2.0 * strength * rough).max(0.05)
    }
}

impl Pattern {
    fn colour_at(&self, of: &Material, place: &Vector3<f32>, normal: &Vector3<f32>) -> Colour {
        let choose = |second: bool| if second { of.second } else { of.colour };
        let shift = (of.seed % 97) as f32 * 0.013;
        match *self {
            Self::Plain => of.colour,
            Self::Stripes {
                axis,
                period,
                share,
            } => choose(fraction((place[axis] + shift) / period) < share),
            Self::Checks { period } => {
                let [u, v] = flat(place, normal);
                let odd = |x: f32| fraction((x + shift) / (2.0 * period)) < 0.5;
                choose(odd(u) != odd(v))
            }
            Self::Plaid { period } => {
                let line = |x: f32| {
                    if fraction((x + shift) / period) < 0.4 {
                        0.5
                    } else {
                        0.0
                    }
                };
                let [u, v] = flat(place, normal);
                of.colour.lerp(&of.second, line(u) + line(v))
            }
            Self::Dots { period } => {
                let [u, v] = flat(place, normal);
                let off = |x: f32| fraction((x + shift) / period) - 0.5;
                choose(off(u).hypot(off(v)) < 0.25)
            }
            Self::Patches { size } => {
                let share =
                    ((clouds(&(place / size), of.seed ^ 0x51) - 0.5) * 4.0 + 0.5).clamp(0.0, 1.0);
                of.colour.lerp(&of.second, share)
            }
            Self::Print { low, high } => {
                let inside = (0..3).all(|axis| (low[axis]..high[axis]).contains(&place[axis]));
                if !inside {
                    return of.colour;
                }
                let share = noise(&(place * 60.0), of.seed ^ 0x77);
                of.second
                    .lerp(&of.colour, if share > 0.6 { 0.8 } else { 0.0 })
            }
            Self::Courses {
                length,
                height,
                joint,
            } => courses(of, flat(place, normal), length, height, joint),
            Self::Tiles { side, joint } => {
                let [u, v] = flat(place, normal);
                let at = |x: f32| fraction(x / side) * side;
                choose(at(u) < joint || at(v) < joint)
            }
            Self::Windows { aside, above } => {
                let [u, v] = flat(place, normal);
                let within = |x: f32, share: f32| (fraction(x) - 0.5).abs() < share * 0.5;
                choose(within((u + shift) / aside, 0.5) && within(v / above, 0.55))
            }
            Self::Face(face) => face.colour_at(of.colour, place, of.seed),
        }
    }
}

fn courses(of: &Material, [u, v]: [f32; 2], length: f32, height: f32, joint: f32) -> Colour {
    let row = (v / height).floor();
    let along = u / length + row * 0.5;
    let within = [fraction(along) * length, fraction(v / height) * height];
    if within[0] < joint || within[1] < joint {
        return of.second;
    }
    let cell = Vector3::new(along.floor(), row, 0.0);
    of.colour * (0.8 + 0.4 * random(&cell, of.seed))
}

impl Face {
    /// The colour of the skin, in the base mesh's own metres.
    fn colour_at(&self, skin: Colour, place: &Vector3<f32>, seed: u32) -> Colour {
        let (x, y, z) = (place.x.abs(), place.y, place.z);
        if y < 0.60 {
            return skin;
        }
        let within = |middle: f32, reach: f32, value: f32| ((value - middle) / reach).powi(2);
        if z > 0.10 {
            if within(0.0, 0.026, x) + within(0.664, 0.010, y) < 1.0 {
                return self.lips;
            }
            if within(0.032, 0.019, x) + within(0.750, 0.005, y) < 1.0 {
                return self.hair;
            }
        }
        let ear = x > 0.074 && (0.005..0.07).contains(&z) && y < 0.765;
        if let Some(forehead) = self.scalp
            && !ear
        {
            let share = ((z + 0.01) / 0.12).clamp(0.0, 1.0);
            let wave = 0.006 * (noise(&(place * 80.0), seed) - 0.5);
            let line = 0.675 + (0.795 - forehead - 0.675) * share * (2.0 - share) + wave;
            if y > line {
                return self.hair * (0.7 + 0.6 * noise(&(place * 140.0), seed ^ 9));
            }
        }
        if self.beard > 0.0 && !ear && z > 0.02 && y < 0.684 && y > 0.60 {
            let grain = noise(&(place * 200.0), seed ^ 5);
            return skin.lerp(&self.hair, self.beard * (0.6 + 0.4 * grain));
        }
        skin
    }
}

/// A surface's own two coordinates: the axes that its normal does not follow.
fn flat(place: &Vector3<f32>, normal: &Vector3<f32>) -> [f32; 2] {
    let n = normal.abs();
    if n.y > n.x && n.y > n.z {
        [place.x, place.z]
    } else if n.x > n.z {
        [place.z, place.y]
    } else {
        [place.x, place.y]
    }
}

fn fraction(value: f32) -> f32 {
    value - value.floor()
}

/// Two octaves of [`noise`], 0 to 1.
pub(super) fn clouds(place: &Vector3<f32>, seed: u32) -> f32 {
    0.65 * noise(place, seed) + 0.35 * noise(&(place * 2.3), seed ^ 0xA5)
}

/// Smooth noise with features of size 1, between 0 and 1.
pub(super) fn noise(place: &Vector3<f32>, seed: u32) -> f32 {
    let cell = place.map(f32::floor);
    let within = place - cell;
    let eased = within.map(|t| t * t * (3.0 - 2.0 * t));
    let [x, y, z] = [lattice(cell.x), lattice(cell.y), lattice(cell.z)];
    let corner = |dx: u32, dy: u32, dz: u32| {
        to_unit(hash(
            x.wrapping_add(dx),
            y.wrapping_add(dy),
            z.wrapping_add(dz),
            seed,
        ))
    };
    let mix = |a: f32, b: f32, share: f32| a + (b - a) * share;
    let line = |dy, dz| mix(corner(0, dy, dz), corner(1, dy, dz), eased.x);
    let sheet = |dz| mix(line(0, dz), line(1, dz), eased.y);
    mix(sheet(0), sheet(1), eased.z)
}

/// An even random number between 0 and 1 for a cell.
pub(super) fn random(cell: &Vector3<f32>, seed: u32) -> f32 {
    to_unit(hash(
        lattice(cell.x),
        lattice(cell.y),
        lattice(cell.z),
        seed,
    ))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates; only equality of cells matters"
)]
fn lattice(value: f32) -> u32 {
    value as i32 as u32
}

fn to_unit(bits: u32) -> f32 {
    (bits >> 8) as f32 / (1_u32 << 24) as f32
}

fn hash(x: u32, y: u32, z: u32, seed: u32) -> u32 {
    let mut h = x.wrapping_mul(0x9E37_79B1)
        ^ y.wrapping_mul(0x85EB_CA77)
        ^ z.wrapping_mul(0xC2B2_AE3D)
        ^ seed.wrapping_mul(0x27D4_EB2F);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_smooth_and_fills_its_range() {
        let (mut low, mut high, mut jump) = (1.0_f32, 0.0_f32, 0.0_f32);
        let mut last = None;
        for step in 0..4000 {
            let x = step as f32 * 0.01 - 20.0;
            let value = noise(&Vector3::new(x, 0.3, -x * 0.5), 4);
            low = low.min(value);
            high = high.max(value);
            if let Some(last) = last {
                jump = jump.max(f32::abs(value - last));
            }
            last = Some(value);
        }
        assert!((0.0..0.2).contains(&low) && (0.8..=1.0).contains(&high));
        assert!(jump < 0.05, "{jump}");
    }

    #[test]
    fn stripes_alternate_along_their_axis() {
        let mut material = Material::plain(Colour::new(1.0, 0.0, 0.0));
        material.second = Colour::new(0.0, 1.0, 0.0);
        material.pattern = Pattern::Stripes {
            axis: 1,
            period: 0.1,
            share: 0.5,
        };
        let at = |y: f32| {
            material
                .colour_at(&Vector3::new(0.3, y, 0.0), &Vector3::z())
                .x
        };
        assert!((at(0.02) - at(0.12)).abs() < 1e-6);
        assert!((at(0.02) - at(0.07)).abs() > 0.5);
    }
}
