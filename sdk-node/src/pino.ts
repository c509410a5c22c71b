/** `faultwire/pino`, for versions of pino before 9.10; later ones need nothing: `watchLogger(pino())`. */

export { watchLogger } from './integrations/pino';
