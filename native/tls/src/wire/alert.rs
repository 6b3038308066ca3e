//! Alerts (RFC 8446 section 6).

use crate::enums::AlertDescription;
use crate::error::Offence;

/// AlertLevel. In TLS 1.3 the level says nothing that the description does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// warning
    Warning = 1,
    /// fatal
    Fatal = 2,
}

/// An alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// level
    pub level: Level,
    /// description
    pub description: AlertDescription,
}

impl Alert {
    /// The one alert of a record (RFC 8446 section 5.1: alerts are neither fragmented nor joined).
    pub fn parse(content: &[u8]) -> Result<Self, Offence> {
        let level = |byte| match byte {
            1 => Some(Level::Warning),
            2 => Some(Level::Fatal),
            _ => None,
        };
        match content {
            [first, description] => Ok(Self {
                level: level(*first).ok_or(Offence::BadAlertLevel)?,
                description: AlertDescription(*description),
            }),
            _ => Err(Offence::BadAlert),
        }
    }

    /// The alert with the level that TLS 1.3 gives it: closure alerts warn, all others are fatal.
    pub fn tls13(description: AlertDescription) -> Self {
        let level = match description {
            AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED => Level::Warning,
            _ => Level::Fatal,
        };
        Self { level, description }
    }

    /// As it goes out.
    pub fn bytes(self) -> [u8; 2] {
        [self.level as u8, self.description.0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_two_bytes_with_a_level_come_back_and_nothing_else_is_an_alert() {
        for level in 0..=255 {
            for description in 0..=255 {
                let bytes = [level, description];
                match Alert::parse(&bytes) {
                    Ok(alert) => assert_eq!(alert.bytes(), bytes),
                    Err(offence) => {
                        assert_eq!(offence, Offence::BadAlertLevel);
                        assert!(level == 0 || level > 2);
                    }
                }
            }
        }
        for bytes in [&[][..], &[2], &[2, 40, 0], &[2, 40, 2, 40]] {
            assert_eq!(Alert::parse(bytes), Err(Offence::BadAlert));
        }
    }
}
