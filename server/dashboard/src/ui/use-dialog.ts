import { useSearchParams } from 'react-router';

/**
 * A dialog that stands in the address: a link opens the same, and going back closes it. What must be seen only once, such
 * as a secret, does not belong there.
 *
 * @param name - of the search parameter; its value says what the dialog is about
 */
export function useDialog(name: string): {
  value: string | null;
  isOpen: boolean;
  open: (value?: string) => void;
  close: () => void;
} {
  const [params, setParams] = useSearchParams();
  const value = params.get(name);
  const set = (next: string | null, replace: boolean) =>
    setParams(
      (now) => {
        const all = new URLSearchParams(now);
        if (next === null) all.delete(name);
        else all.set(name, next);
        return all;
      },
      { replace },
    );
  return {
    value,
    isOpen: value !== null,
    open: (next = 'yes') => set(next, false),
    close: () => set(null, true),
  };
}
