/** Roles, for those who choose one. */

import type { Role } from '../../api/schema';

export const ROLES: readonly { id: Role; name: string }[] = [
  { id: 'viewer', name: 'Viewer: reads' },
  { id: 'member', name: 'Member: changes issues, sees keys' },
  { id: 'admin', name: 'Admin: changes the project' },
];

/** The same where there is little room. */
export const SHORT_ROLES: readonly { id: Role; name: string }[] = [
  { id: 'viewer', name: 'viewer' },
  { id: 'member', name: 'member' },
  { id: 'admin', name: 'admin' },
];
