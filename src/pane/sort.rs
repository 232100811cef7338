//! What the rows of runs and of alerts are ordered by.

/// What the rows of a list are ordered by; what each word means is the list's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Sort {
    #[default]
    Urgency,
    Time,
    Name,
}

impl Sort {
    /// What the next press of the key orders by.
    pub(super) fn next(self) -> Self {
        match self {
            Self::Urgency => Self::Time,
            Self::Time => Self::Name,
            Self::Name => Self::Urgency,
        }
    }
}
