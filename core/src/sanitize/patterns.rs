//! Value rules: what is a secret by its looks, wherever it stands. A table; `scan` walks it.
//!
//! Most vendors mark their tokens with a prefix, so a row is a list of prefixes, the alphabet that
//! follows and how much of it. What needs arithmetic or context (cards, IBANs, URLs) is a
//! [`Shape::Special`] whose function lives in `shapes`, `bare` or `pairs`.

/// The characters a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// `A-Z a-z 0-9`
    Alnum,
    /// `A-Z 0-9`
    Upper,
    /// `0-9 a-f A-F`
    Hex,
    /// `A-Z a-z 0-9 _`
    Word,
    /// `A-Z a-z 0-9 _ -`
    UrlSafe,
    /// `A-Z a-z 0-9 _ - .`
    Dotted,
    /// `A-Z a-z 0-9 + / =` and what tokens of HTTP add: `_ - . ~`
    Base64,
    /// As `Base64`, and `$ : % |`: webhook paths and composed tokens.
    Composed,
}

impl Alphabet {
    /// Whether the byte belongs to it.
    pub fn has(self, b: u8) -> bool {
        let extra: &[u8] = match self {
            Alphabet::Upper => return b.is_ascii_uppercase() || b.is_ascii_digit(),
            Alphabet::Hex => return b.is_ascii_hexdigit(),
            Alphabet::Alnum => b"",
            Alphabet::Word => b"_",
            Alphabet::UrlSafe => b"_-",
            Alphabet::Dotted => b"_-.",
            Alphabet::Base64 => b"_-.~+/=",
            Alphabet::Composed => b"_-.~+/=$:%|",
        };
        b.is_ascii_alphanumeric() || extra.contains(&b)
    }
}

/// What follows a prefix.
#[derive(Debug)]
pub struct Token {
    /// Any of these starts it.
    pub prefixes: &'static [&'static str],
    /// What it is made of.
    pub alphabet: Alphabet,
    /// Fewest characters after the prefix.
    pub min: usize,
    /// Most characters; more means it is something else. `usize::MAX` for any number.
    pub max: usize,
    /// The prefix is common in words: no letter or digit may stand before it.
    pub bounded: bool,
    /// The prefix is common in words: what follows must mix letters with digits or cases.
    pub mixed: bool,
    /// The prefix stays readable.
    pub keep_prefix: bool,
    /// The prefix in any case.
    pub any_case: bool,
    /// Of what follows, some must be letters and some digits.
    pub digits: bool,
}

/// Rules that are no plain prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// `eyJ...`: header, dot, payload.
    Jwt,
    /// From `-----BEGIN` to `-----END`, or to the end of the text.
    Pem,
    /// `Basic` and base64 that decodes to `user:password`.
    Basic,
    /// `scheme://user:password@`.
    UrlPassword,
    /// `key=value` and its kin, by the key rules.
    Pair,
    /// `<key>value</key>`.
    Element,
    /// `--key value`.
    Flag,
    /// 13 to 19 digits, issuer and Luhn.
    Card,
    /// `nnn-nn-nnnn` within the issued ranges.
    Ssn,
    /// Country, length and mod 97.
    Iban,
    /// `local@domain.tld`.
    Email,
    /// Dotted quad that is no version.
    Ipv4,
    /// RFC 4291 text form.
    Ipv6,
    /// `abc8Q~...`.
    AzureSecret,
    /// `digits:AA...`.
    Telegram,
    /// 32 hex digits and `-us1`.
    Mailchimp,
    /// `-u name:password` of curl and its kin.
    CurlUser,
    /// A word of secrecy, a space and a quoted text: `password 'x'`.
    Quoted,
    /// `user/password@host:port/service`.
    OraclePassword,
    /// 40 characters of base64 that look random.
    AwsSecret,
}

/// How a row matches.
#[derive(Debug)]
pub enum Shape {
    /// A prefix and what follows.
    Token(Token),
    /// A function.
    Special(Special),
}

/// One row.
#[derive(Debug)]
pub struct Pattern {
    /// The row's name, which is also its kind: `[Filtered:name]`, `@name` in `_meta`.
    pub name: &'static str,
    /// Switched off by `send_default_pii`.
    pub pii: bool,
    /// How it matches.
    pub shape: Shape,
    /// Where the form is written down.
    pub source: &'static str,
}

const ANY: usize = usize::MAX;

const fn token(
    name: &'static str,
    prefixes: &'static [&'static str],
    alphabet: Alphabet,
    (min, max): (usize, usize),
    source: &'static str,
) -> Pattern {
    let shape = Token {
        prefixes,
        alphabet,
        min,
        max,
        bounded: false,
        mixed: false,
        keep_prefix: false,
        any_case: false,
        digits: false,
    };
    Pattern { name, pii: false, shape: Shape::Token(shape), source }
}

const fn special(name: &'static str, special: Special, source: &'static str) -> Pattern {
    Pattern { name, pii: false, shape: Shape::Special(special), source }
}

macro_rules! flags {
    ($($name:ident => $field:ident),*) => {
        impl Pattern {
            $(const fn $name(mut self) -> Self {
                if let Shape::Token(token) = &mut self.shape {
                    token.$field = true;
                }
                self
            })*
            const fn pii(mut self) -> Self {
                self.pii = true;
                self
            }
        }
    };
}
flags!(bounded => bounded, mixed => mixed, keep_prefix => keep_prefix, any_case => any_case, digits => digits);

use Alphabet::{Alnum, Base64, Composed, Dotted, Hex, Upper, UrlSafe, Word};

/// The table. The first row whose prefix and tail fit wins, so longer prefixes of a family come first.
#[rustfmt::skip]
pub static PATTERNS: &[Pattern] = &[
    // By context.
    special("pair", Special::Pair, "the key rules, in running text: query strings, reprs, JSON, connection strings"),
    special("element", Special::Element, "the key rules, in XML and HTML text"),
    special("flag", Special::Flag, "the key rules, in command lines"),
    special("quoted", Special::Quoted, "the key rules, before a quoted text: SQL's PASSWORD 'x', messages that quote what was wrong"),
    special("curl-user", Special::CurlUser, "curl(1): -u, --user"),
    special("url-password", Special::UrlPassword, "RFC 3986 section 3.2.1"),
    special("oracle-password", Special::OraclePassword, "Oracle Net: easy connect strings behind user/password@"),
    // Credentials of HTTP.
    token("bearer", &["bearer "], Base64, (6, ANY), "RFC 6750 section 2.1").bounded().mixed().keep_prefix().any_case(),
    token("bearer", &["bearer%20", "bearer+"], Base64, (6, ANY), "RFC 6750, percent-encoded").bounded().mixed().keep_prefix().any_case(),
    special("basic", Special::Basic, "RFC 7617"),
    token("token", &["token "], Hex, (32, ANY), "Authorization: Token, as Django REST framework and GitHub write it").bounded().mixed().keep_prefix().any_case(),
    token("token", &["token "], Alnum, (16, ANY), "messages that quote one").bounded().mixed().digits().keep_prefix().any_case(),
    token("password", &["password ", "passwd ", "passphrase "], Alnum, (12, ANY), "messages that quote one").bounded().mixed().digits().keep_prefix().any_case(),
    token("secret", &["secret "], Alnum, (16, ANY), "messages that quote one").bounded().mixed().digits().keep_prefix().any_case(),
    token("api-key", &["api key ", "apikey "], Alnum, (16, ANY), "messages that quote one").bounded().mixed().digits().keep_prefix().any_case(),
    special("jwt", Special::Jwt, "RFC 7515 section 3.1, RFC 7516 section 3.1"),
    special("private-key", Special::Pem, "RFC 7468, RFC 9580 section 6.2"),
    token("age-key", &["AGE-SECRET-KEY-1"], Upper, (20, ANY), "age(1), identities"),
    // Clouds.
    token("aws-access-key", &["AKIA"], Upper, (16, 16), "AWS IAM reference: unique identifiers; one in thirty holds no digit"),
    token("aws-access-key", &["ASIA", "ABIA", "ACCA", "AROA", "AIDA", "ANPA", "ANVA", "APKA"], Upper, (16, 16), "AWS IAM reference: unique identifiers").mixed(),
    special("aws-secret-key", Special::AwsSecret, "AWS IAM: secret access keys are 40 characters of base64, with no mark of their own"),
    token("aws-session-token", &["IQoJb3JpZ2lu", "FwoGZXIvYXdz", "FQoGZXIvYXdz"], Base64, (40, ANY), "AWS STS: the head of an encoded session token"),
    token("aws-bedrock-key", &["ABSKQmVkcm9ja0FQSUtleS", "bedrock-api-key-"], Base64, (16, ANY), "AWS Bedrock: API keys"),
    token("google-api-key", &["AIza"], UrlSafe, (30, ANY), "Google Cloud: API keys"),
    token("google-oauth", &["ya29."], Dotted, (20, ANY), "Google identity: access tokens"),
    token("google-client-secret", &["GOCSPX-"], UrlSafe, (20, ANY), "Google identity: client secrets"),
    token("google-refresh-token", &["1//0"], UrlSafe, (30, ANY), "Google identity: refresh tokens").bounded(),
    special("azure-client-secret", Special::AzureSecret, "Microsoft Entra: client secrets"),
    token("alibaba-key", &["LTAI"], Alnum, (16, 26), "Alibaba Cloud: AccessKey ids").bounded().mixed(),
    token("tencent-key", &["AKID"], Alnum, (32, 36), "Tencent Cloud: SecretId").bounded().mixed(),
    token("digitalocean-token", &["dop_v1_", "doo_v1_", "dor_v1_"], Hex, (40, ANY), "DigitalOcean: token formats"),
    token("heroku-key", &["HRKU-"], UrlSafe, (30, ANY), "Heroku: API keys"),
    token("fly-token", &["FlyV1 ", "fo1_"], Composed, (30, ANY), "Fly.io: access tokens"),
    token("netlify-token", &["nfp_"], Alnum, (30, ANY), "Netlify: personal access tokens"),
    token("planetscale-token", &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"], Dotted, (20, ANY), "PlanetScale: service tokens"),
    token("supabase-key", &["sbp_", "sb_secret_"], Word, (20, ANY), "Supabase: API keys"),
    token("databricks-token", &["dapi"], Hex, (32, 34), "Databricks: personal access tokens").bounded(),
    // Forges and registries.
    token("github-token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], Word, (20, ANY), "GitHub: token formats"),
    token("github-token", &["github_pat_"], Word, (20, ANY), "GitHub: fine-grained tokens"),
    token("gitlab-token", &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-", "glffct-"],
        Dotted, (16, ANY), "GitLab: token prefixes"),
    token("bitbucket-token", &["ATBB", "ATCTT3", "ATATT3"], Base64, (24, ANY), "Atlassian: API tokens and app passwords").bounded().mixed(),
    token("npm-token", &["npm_"], Alnum, (30, ANY), "npm: token format"),
    token("pypi-token", &["pypi-AgE"], UrlSafe, (32, ANY), "PyPI: API tokens are macaroons"),
    token("rubygems-key", &["rubygems_"], Hex, (40, ANY), "RubyGems: API keys"),
    token("crates-token", &["cio"], Alnum, (32, 32), "crates.io: API tokens").bounded().mixed(),
    token("nuget-key", &["oy2"], Alnum, (43, 43), "NuGet: API keys").bounded(),
    token("docker-token", &["dckr_pat_", "dckr_oat_"], UrlSafe, (20, ANY), "Docker Hub: access tokens"),
    token("artifactory-key", &["AKCp"], Alnum, (60, 80), "JFrog: API keys").bounded().mixed(),
    token("artifactory-key", &["cmVmdGtu"], Alnum, (40, ANY), "JFrog: reference tokens").bounded(),
    // Operations.
    token("vault-token", &["hvs.", "hvb.", "hvr."], UrlSafe, (20, ANY), "HashiCorp Vault: token prefixes"),
    token("doppler-token", &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."], Dotted, (20, ANY), "Doppler: token formats"),
    token("pulumi-token", &["pul-"], Hex, (40, 40), "Pulumi: access tokens").bounded(),
    token("tailscale-key", &["tskey-"], UrlSafe, (16, ANY), "Tailscale: key prefixes"),
    token("grafana-token", &["glsa_", "glc_"], Base64, (20, ANY), "Grafana: service account and cloud tokens"),
    token("newrelic-key", &["NRAK-", "NRII-", "NRJS-", "NRRA-"], UrlSafe, (19, ANY), "New Relic: API keys"),
    token("sentry-token", &["sntrys_", "sntryu_", "sntryi_", "sntrya_"], Base64, (20, ANY), "Sentry: auth tokens"),
    token("dynatrace-token", &["dt0c01.", "dt0s01.", "dt0s02."], Dotted, (20, ANY), "Dynatrace: token format"),
    token("buildkite-token", &["bkua_"], Hex, (40, 40), "Buildkite: API tokens"),
    token("circleci-token", &["CCIPAT_", "CCIPRJ_"], Word, (20, ANY), "CircleCI: API tokens"),
    token("postman-key", &["PMAK-"], UrlSafe, (30, ANY), "Postman: API keys"),
    token("1password-token", &["ops_eyJ"], Base64, (40, ANY), "1Password: service account tokens"),
    // Payment.
    token("stripe-key", &["sk_live_", "sk_test_", "rk_live_", "rk_test_"], Word, (10, ANY), "Stripe: API keys; pk_ is public"),
    token("stripe-webhook-secret", &["whsec_"], Base64, (16, ANY), "Stripe and Standard Webhooks: signing secrets"),
    token("square-token", &["sq0atp-", "sq0csp-", "sq0idp-"], UrlSafe, (20, ANY), "Square: credentials"),
    token("square-token", &["EAAA"], UrlSafe, (56, 64), "Square: access tokens").bounded().mixed(),
    token("braintree-token", &["access_token$production$", "access_token$sandbox$"], Composed, (20, ANY), "Braintree: access tokens"),
    token("shopify-token", &["shpat_", "shpca_", "shppa_", "shpss_", "shpua_"], Hex, (32, ANY), "Shopify: token formats"),
    // Messages and social networks.
    token("slack-token", &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxc-", "xoxd-", "xoxe-", "xoxe.xoxp-", "xoxe.xoxb-", "xapp-"],
        Composed, (10, ANY), "Slack: token types"),
    token("slack-webhook", &["hooks.slack.com/services/", "hooks.slack.com/workflows/", "hooks.slack.com/triggers/"], Base64, (8, ANY), "Slack: incoming webhooks").keep_prefix(),
    token("discord-webhook", &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"], Base64, (20, ANY), "Discord: webhooks").keep_prefix(),
    token("teams-webhook", &["webhook.office.com/webhookb2/"], Base64, (20, ANY), "Microsoft Teams: incoming webhooks").keep_prefix(),
    special("telegram-token", Special::Telegram, "Telegram: bot tokens"),
    token("facebook-token", &["EAACEdEose0cBA"], Alnum, (10, ANY), "Meta: access tokens"),
    token("twitter-bearer", &["AAAAAAAAAAAAAAAAAAAAA"], Composed, (30, ANY), "X: app-only bearer tokens").mixed(),
    token("twilio-key", &["SK"], Hex, (32, 32), "Twilio: API key SIDs").bounded(),
    token("sendgrid-key", &["SG."], Dotted, (30, ANY), "SendGrid: API keys").bounded().mixed(),
    token("mailgun-key", &["key-"], Hex, (32, 32), "Mailgun: API keys").bounded(),
    special("mailchimp-key", Special::Mailchimp, "Mailchimp: API keys"),
    // Models.
    token("anthropic-key", &["sk-ant-"], UrlSafe, (16, ANY), "Anthropic: API keys"),
    token("openai-key", &["sk-proj-", "sk-svcacct-", "sk-admin-", "sess-"], UrlSafe, (20, ANY), "OpenAI: API keys").bounded().mixed(),
    token("openai-key", &["sk-"], UrlSafe, (20, ANY), "OpenAI and those who took over its form").bounded().mixed(),
    token("huggingface-token", &["hf_", "api_org_"], Alnum, (30, ANY), "Hugging Face: user access tokens").bounded().mixed(),
    token("groq-key", &["gsk_"], Alnum, (30, ANY), "Groq: API keys"),
    token("xai-key", &["xai-"], Word, (40, ANY), "xAI: API keys").bounded(),
    token("perplexity-key", &["pplx-"], Alnum, (30, ANY), "Perplexity: API keys"),
    token("replicate-token", &["r8_"], Alnum, (30, ANY), "Replicate: API tokens").bounded(),
    token("langsmith-key", &["lsv2_pt_", "lsv2_sk_"], Word, (30, ANY), "LangSmith: API keys"),
    // Tools of teams.
    token("linear-key", &["lin_api_", "lin_oauth_"], Alnum, (30, ANY), "Linear: API keys"),
    token("notion-token", &["ntn_"], Alnum, (30, ANY), "Notion: integration tokens"),
    token("notion-token", &["secret_"], Alnum, (43, 43), "Notion: integration tokens before 2024").bounded().mixed(),
    token("figma-token", &["figd_", "figu_"], UrlSafe, (30, ANY), "Figma: personal access tokens"),
    token("readme-key", &["rdme_"], Alnum, (40, ANY), "ReadMe: API keys"),
    // Payment cards and people.
    special("card", Special::Card, "ISO/IEC 7812: issuer and Luhn"),
    special("ssn", Special::Ssn, "US SSA: what numbers are never issued"),
    special("iban", Special::Iban, "ISO 13616: registry of lengths, mod 97"),
    special("email", Special::Email, "RFC 5321 section 4.1.2").pii(),
    special("ip", Special::Ipv4, "RFC 791; loopback and unspecified name nobody").pii(),
    special("ip", Special::Ipv6, "RFC 4291 section 2.2").pii(),
];
