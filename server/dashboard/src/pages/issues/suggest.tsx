import { type HTMLInputTypeAttribute, type ReactNode, useId } from 'react';
import styles from './filters.module.css';

/** A line of text with what is known to choose from: the browser's own list, which anything may be typed beside. */
export function Suggest({
  label,
  value,
  onChange,
  options,
  hint,
  type = 'text',
  min,
  isRequired,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly string[];
  hint?: ReactNode;
  type?: HTMLInputTypeAttribute;
  min?: string;
  isRequired?: boolean;
}) {
  const id = useId();
  return (
    <div className={styles['field']}>
      <label htmlFor={id} className={styles['label']}>
        {label}
      </label>
      <input
        id={id}
        type={type}
        className={styles['input']}
        value={value}
        min={min}
        required={isRequired}
        onChange={(event) => onChange(event.target.value)}
        list={options.length > 0 ? `${id}-options` : undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
        autoComplete="off"
        spellCheck={false}
      />
      {options.length > 0 && (
        <datalist id={`${id}-options`}>
          {options.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
      {hint && (
        <span id={`${id}-hint`} className={styles['hint']}>
          {hint}
        </span>
      )}
    </div>
  );
}
