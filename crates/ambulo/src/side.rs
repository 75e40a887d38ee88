//! Left and right, always the walker's own.

use serde::{Deserialize, Serialize};

/// A side of the body, as the subject would name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The subject's left.
    Left,
    /// The subject's right.
    Right,
}

impl Side {
    /// Left, then right.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The other side.
    pub fn opposite(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// `"left"` or `"right"`, as files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    /// +1 for the right, −1 for the left: the sign of the world's Z axis on that side.
    pub fn z_sign(self) -> f64 {
        match self {
            Self::Left => -1.0,
            Self::Right => 1.0,
        }
    }
}

/// One value for each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PerSide<T> {
    /// The value of the subject's left.
    pub left: T,
    /// The value of the subject's right.
    pub right: T,
}

impl<T> PerSide<T> {
    /// Calls `make` for the left, then the right.
    pub fn from_fn(mut make: impl FnMut(Side) -> T) -> Self {
        Self {
            left: make(Side::Left),
            right: make(Side::Right),
        }
    }

    /// The value of one side.
    pub fn get(&self, side: Side) -> &T {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// The value of one side, to change it.
    pub fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }

    /// Changes both values by the same rule.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> PerSide<U> {
        PerSide {
            left: change(self.left),
            right: change(self.right),
        }
    }

    /// References to both values.
    pub fn as_ref(&self) -> PerSide<&T> {
        PerSide {
            left: &self.left,
            right: &self.right,
        }
    }

    /// Left with its name, then right.
    pub fn iter(&self) -> impl Iterator<Item = (Side, &T)> {
        [(Side::Left, &self.left), (Side::Right, &self.right)].into_iter()
    }

    /// The two values exchanged, as in a mirror.
    pub fn mirrored(self) -> Self {
        Self {
            left: self.right,
            right: self.left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirroring_twice_is_identity() {
        let sides = PerSide { left: 1, right: 2 };
        assert_eq!(sides.mirrored().mirrored(), sides);
        assert_eq!(sides.mirrored().left, 2);
    }
}
