import { Dialog } from '../../ui/controls';
import styles from './issues.module.css';

const KEYS: readonly { keys: readonly string[]; does: string; isAct?: true }[] = [
  { keys: ['j', '↓'], does: 'Next issue' },
  { keys: ['k', '↑'], does: 'Issue before' },
  { keys: ['Home', 'End'], does: 'First, last that is loaded' },
  { keys: ['Enter'], does: 'Open' },
  { keys: ['x', 'Space'], does: 'Select', isAct: true },
  { keys: ['Shift + x', 'Shift + ↓'], does: 'Select up to here', isAct: true },
  { keys: ['Ctrl + a'], does: 'Select all that are loaded', isAct: true },
  { keys: ['Esc'], does: 'Select nothing', isAct: true },
  { keys: ['e'], does: 'Resolve what is selected, or else this one', isAct: true },
  { keys: ['a'], does: 'Acknowledge', isAct: true },
  { keys: ['i'], does: 'Ignore for good', isAct: true },
  { keys: ['/'], does: 'Search' },
  { keys: ['?'], does: 'These keys' },
];

/** What the keyboard does here. */
export function Keys({ mayAct, onClose }: { mayAct: boolean; onClose: () => void }) {
  return (
    <Dialog title="Keys" isOpen onClose={onClose}>
      <dl className={styles['keys']}>
        {KEYS.filter(({ isAct }) => mayAct || !isAct).map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
